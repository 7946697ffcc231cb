"""Lists of the sandbox Azure: whole, in pages, of an estate, and fast."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from skyclust_sandbox.azure.routes import ROUTES
from tests.fixtures.azure import AzureSandbox
from tests.integration.sandbox.azure import (
    GROUP,
    LOCATION,
    SCOPE,
    Clients,
    ask,
    clients,
    credential,
    id_of,
    make_machine,
)

pytestmark = pytest.mark.integration


def test_every_list_and_every_item_of_an_estate(azure_estate: AzureSandbox) -> None:
    """The clients hold each reply to its model."""
    azure = clients(azure_estate)
    azure_estate.limit_pages(150)
    machines = list(azure.compute.virtual_machines.list_all())
    assert 200 <= len(machines) <= 350
    lists = (
        azure.compute.disks.list(),
        azure.compute.snapshots.list(),
        azure.compute.images.list(),
        azure.compute.galleries.list(),
        azure.network.virtual_networks.list_all(),
        azure.network.network_interfaces.list_all(),
        azure.network.public_ip_addresses.list_all(),
        azure.network.network_security_groups.list_all(),
        azure.network.load_balancers.list_all(),
        azure.resources.resource_groups.list(),
        azure.resources.resources.list(),
        azure.compute.resource_skus.list(),
        azure.compute.virtual_machine_sizes.list(LOCATION),
        azure.compute.usage.list(LOCATION),
    )
    counts = [len(list(listed)) for listed in lists]
    assert min(counts) > 1
    states = Counter(
        str(one.instance_view.statuses[-1].code)
        for one in azure.compute.virtual_machines.list_all(status_only="true")
    )
    assert sum(states.values()) == len(machines)
    assert min(states[f"PowerState/{name}"] for name in ("running", "deallocated", "stopped")) > 0
    group = str(machines[0].id).split("/")[4]
    for listed in (
        azure.compute.virtual_machines.list(group),
        azure.compute.virtual_machines.list_by_location(LOCATION),
        azure.compute.disks.list_by_resource_group(group),
        azure.network.network_interfaces.list(group),
        azure.resources.resources.list_by_resource_group(group),
    ):
        assert 0 < len(list(listed)) <= len(machines)
    name = str(machines[0].name)
    azure.compute.virtual_machines.get(group, name, expand="instanceView")
    assert list(azure.compute.virtual_machines.list_available_sizes(group, name))


def test_an_estate_is_the_same_after_a_restart(azure_estate: AzureSandbox) -> None:
    """Inventory sees no change, and no mass of disks that are gone and others that are new."""

    def told() -> dict[str, Any]:
        token = credential(azure_estate).get_token(SCOPE).token
        found: dict[str, Any] = {}
        for kind in (
            "Microsoft.Compute/disks",
            "Microsoft.Compute/galleries",
            "Microsoft.Compute/images",
            "Microsoft.Compute/snapshots",
            "Microsoft.Compute/virtualMachines",
            "Microsoft.Network/loadBalancers",
            "Microsoft.Network/networkInterfaces",
            "Microsoft.Network/publicIPAddresses",
            "Microsoft.Network/virtualNetworks",
        ):
            version = "2024-03-02" if kind.endswith(("disks", "snapshots")) else "2024-07-01"
            version = "2023-07-03" if kind.endswith("galleries") else version
            answer = ask(azure_estate, "GET", f"/providers/{kind}", token=token, version=version)
            found |= {one["id"]: _without_tags_of_versions(one) for one in answer.content["value"]}
        return found

    before = told()
    assert len(before) > 500
    azure_estate.reset("estate")
    assert told() == before
    azure_estate.reset("empty")


def test_what_is_made_in_two_runs_has_two_ids(azure_sandbox: AzureSandbox) -> None:
    """A machine that is made after a restart is another one, whatever its name."""
    azure = clients(azure_sandbox)
    make_machine(azure_sandbox, azure, "one")
    first = azure.compute.virtual_machines.get(GROUP, "one")
    azure_sandbox.reset("empty")
    make_machine(azure_sandbox, azure, "one")
    second = azure.compute.virtual_machines.get(GROUP, "one")
    assert (first.id, first.vm_id == second.vm_id) == (second.id, False)


def _without_tags_of_versions(thing: Any) -> Any:
    """Return a thing without its entity tags, which are new with every change."""
    if isinstance(thing, dict):
        kept = {key: value for key, value in thing.items() if key != "etag"}
        return {key: _without_tags_of_versions(value) for key, value in kept.items()}
    return [_without_tags_of_versions(one) for one in thing] if isinstance(thing, list) else thing


def test_the_estate_is_of_one_piece(azure_estate: AzureSandbox) -> None:
    token = credential(azure_estate).get_token(SCOPE).token

    def listed(kind: str) -> dict[str, Any]:
        version = "2024-03-02" if kind.endswith("disks") else "2024-07-01"
        answer = ask(azure_estate, "GET", f"/providers/{kind}", token=token, version=version)
        return {one["id"].lower(): one for one in answer.content["value"]}

    disks = listed("Microsoft.Compute/disks")
    interfaces = listed("Microsoft.Network/networkInterfaces")
    machines = listed("Microsoft.Compute/virtualMachines")
    for machine in machines.values():
        storage = machine["properties"]["storageProfile"]
        for part in (storage["osDisk"], *storage["dataDisks"]):
            assert disks[part["managedDisk"]["id"].lower()]["managedBy"] == machine["id"]
        for reference in machine["properties"]["networkProfile"]["networkInterfaces"]:
            owner = interfaces[reference["id"].lower()]["properties"]["virtualMachine"]["id"]
            assert owner == machine["id"]
    assert any(disk["id"].upper() != disk["id"] for disk in disks.values())
    assert [disk for disk in disks.values() if "managedBy" not in disk]


def test_the_marketplace(azure_sandbox: AzureSandbox) -> None:
    images = clients(azure_sandbox).compute.virtual_machine_images
    assert "Canonical" in {one.name for one in images.list_publishers(LOCATION)}
    assert [one.name for one in images.list_offers(LOCATION, "debian")] == ["debian-12"]
    skus = images.list_skus(LOCATION, "Canonical", "ubuntu-24_04-lts")
    assert {"server", "server-arm64"} <= {one.name for one in skus}
    named = (LOCATION, "Canonical", "ubuntu-24_04-lts", "server-arm64")
    [newest] = images.list(*named, top=1, orderby="name desc")
    assert images.get(*named, newest.name).architecture == "Arm64"
    assert images.get(*named, "latest").name == newest.name


def test_pages_neither_repeat_nor_hide(azure_sandbox: AzureSandbox) -> None:
    azure = clients(azure_sandbox)
    for name in ("one", "two", "three"):
        make_machine(azure_sandbox, azure, name)
    azure_sandbox.limit_pages(1)
    before = azure_sandbox.calls().get("VirtualMachines_ListAll", 0)
    found = [one.name for one in azure.compute.virtual_machines.list_all()]
    assert found == ["one", "three", "two"]
    assert azure_sandbox.calls()["VirtualMachines_ListAll"] - before == 3
    path = "/providers/Microsoft.Compute/virtualMachines?$skiptoken=nonsense!"
    refused = ask(azure_sandbox, "GET", path, token=azure.token)
    assert (refused.status, refused.code) == (400, "InvalidSkipToken")
    expanded = "/providers/Microsoft.Compute/virtualMachines?$expand=instanceView"
    assert ask(azure_sandbox, "GET", expanded, token=azure.token).status == 400


def test_tags_at_a_scope_and_groups(azure_sandbox: AzureSandbox) -> None:
    azure = clients(azure_sandbox)
    scope = id_of(azure_sandbox, "Microsoft.Network/virtualNetworks", f"default-{LOCATION}")
    tags = azure.resources.tags
    _patch(azure, scope, "Merge", {"a": "1", "b": "2"})
    _patch(azure, scope, "Delete", {"a": "1"})
    assert tags.get_at_scope(scope).properties.tags == {"b": "2"}
    groups = azure.resources.resource_groups
    groups.create_or_update("short-lived", {"location": "eastus", "tags": {"x": "y"}})
    assert groups.get("short-lived").tags == {"x": "y"}
    groups.begin_delete("short-lived").result()
    assert not groups.check_existence("short-lived")
    groups.begin_delete(GROUP).result()
    assert list(azure.network.virtual_networks.list_all()) == []


def _patch(azure: Clients, scope: str, operation: str, tags: dict[str, str]) -> None:
    body = {"operation": operation, "properties": {"tags": tags}}
    azure.resources.tags.begin_update_at_scope(scope, body).result()


def test_every_operation_has_a_name_of_its_own_path() -> None:
    paths = [(route.method, route.template.lower()) for route in ROUTES]
    assert len(set(paths)) == len(paths)
