"""Lists of the sandbox Azure: complete, in pages, and of the whole estate."""

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
    clients,
    create_vm,
    credential,
    resource_id,
    send,
)

pytestmark = pytest.mark.integration


def test_every_list_and_every_item_of_an_estate(azure_estate: AzureSandbox) -> None:
    """The clients check each response by its model."""
    azure = clients(azure_estate)
    azure_estate.limit_pages(150)
    vms = list(azure.compute.virtual_machines.list_all())
    assert 200 <= len(vms) <= 350
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
        str(vm.instance_view.statuses[-1].code)
        for vm in azure.compute.virtual_machines.list_all(status_only="true")
    )
    assert sum(states.values()) == len(vms)
    assert min(states[f"PowerState/{name}"] for name in ("running", "deallocated", "stopped")) > 0
    group = str(vms[0].id).split("/")[4]
    for listed in (
        azure.compute.virtual_machines.list(group),
        azure.compute.virtual_machines.list_by_location(LOCATION),
        azure.compute.disks.list_by_resource_group(group),
        azure.network.network_interfaces.list(group),
        azure.resources.resources.list_by_resource_group(group),
    ):
        assert 0 < len(list(listed)) <= len(vms)
    name = str(vms[0].name)
    azure.compute.virtual_machines.get(group, name, expand="instanceView")
    assert list(azure.compute.virtual_machines.list_available_sizes(group, name))


def test_an_estate_is_the_same_after_a_restart(azure_estate: AzureSandbox) -> None:
    """Inventory sees no change: every resource keeps its id."""

    def documents() -> dict[str, Any]:
        token = credential(azure_estate).get_token(SCOPE).token
        result: dict[str, Any] = {}
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
            response = send(azure_estate, "GET", f"/providers/{kind}", token=token, version=version)
            items = response.content["value"]
            result |= {item["id"]: _without_etags(item) for item in items}
        return result

    before = documents()
    assert len(before) > 500
    azure_estate.reset("estate")
    assert documents() == before
    azure_estate.reset("empty")


def test_vms_of_two_runs_have_different_vm_ids(azure_sandbox: AzureSandbox) -> None:
    """A VM that is created after a reset is a different VM, even with the same name."""
    azure = clients(azure_sandbox)
    create_vm(azure_sandbox, azure, "vm-1")
    first = azure.compute.virtual_machines.get(GROUP, "vm-1")
    azure_sandbox.reset("empty")
    create_vm(azure_sandbox, azure, "vm-1")
    second = azure.compute.virtual_machines.get(GROUP, "vm-1")
    assert (first.id, first.vm_id == second.vm_id) == (second.id, False)


def _without_etags(document: Any) -> Any:
    """Return a document without its entity tags, which change with every update."""
    if isinstance(document, dict):
        kept = {key: value for key, value in document.items() if key != "etag"}
        return {key: _without_etags(value) for key, value in kept.items()}
    return [_without_etags(item) for item in document] if isinstance(document, list) else document


def test_the_references_of_the_estate_are_consistent(azure_estate: AzureSandbox) -> None:
    token = credential(azure_estate).get_token(SCOPE).token

    def listed(kind: str) -> dict[str, Any]:
        version = "2024-03-02" if kind.endswith("disks") else "2024-07-01"
        response = send(azure_estate, "GET", f"/providers/{kind}", token=token, version=version)
        return {item["id"].lower(): item for item in response.content["value"]}

    disks = listed("Microsoft.Compute/disks")
    interfaces = listed("Microsoft.Network/networkInterfaces")
    vms = listed("Microsoft.Compute/virtualMachines")
    for vm in vms.values():
        storage = vm["properties"]["storageProfile"]
        for disk in (storage["osDisk"], *storage["dataDisks"]):
            assert disks[disk["managedDisk"]["id"].lower()]["managedBy"] == vm["id"]
        for reference in vm["properties"]["networkProfile"]["networkInterfaces"]:
            owner = interfaces[reference["id"].lower()]["properties"]["virtualMachine"]["id"]
            assert owner == vm["id"]
    assert any(disk["id"].upper() != disk["id"] for disk in disks.values())
    assert [disk for disk in disks.values() if "managedBy" not in disk]


def test_the_marketplace(azure_sandbox: AzureSandbox) -> None:
    images = clients(azure_sandbox).compute.virtual_machine_images
    assert "Canonical" in {publisher.name for publisher in images.list_publishers(LOCATION)}
    assert [offer.name for offer in images.list_offers(LOCATION, "debian")] == ["debian-12"]
    skus = images.list_skus(LOCATION, "Canonical", "ubuntu-24_04-lts")
    assert {"server", "server-arm64"} <= {sku.name for sku in skus}
    names = (LOCATION, "Canonical", "ubuntu-24_04-lts", "server-arm64")
    [newest] = images.list(*names, top=1, orderby="name desc")
    assert images.get(*names, newest.name).architecture == "Arm64"
    assert images.get(*names, "latest").name == newest.name


def test_pages_have_every_item_once(azure_sandbox: AzureSandbox) -> None:
    azure = clients(azure_sandbox)
    for name in ("vm-1", "vm-2", "vm-3"):
        create_vm(azure_sandbox, azure, name)
    azure_sandbox.limit_pages(1)
    before = azure_sandbox.calls().get("VirtualMachines_ListAll", 0)
    listed = [vm.name for vm in azure.compute.virtual_machines.list_all()]
    assert listed == ["vm-1", "vm-2", "vm-3"]
    assert azure_sandbox.calls()["VirtualMachines_ListAll"] - before == 3
    path = "/providers/Microsoft.Compute/virtualMachines?$skiptoken=nonsense!"
    refused = send(azure_sandbox, "GET", path, token=azure.token)
    assert (refused.status, refused.code) == (400, "InvalidSkipToken")
    expanded = "/providers/Microsoft.Compute/virtualMachines?$expand=instanceView"
    assert send(azure_sandbox, "GET", expanded, token=azure.token).status == 400


def test_tags_at_a_scope_and_groups(azure_sandbox: AzureSandbox) -> None:
    azure = clients(azure_sandbox)
    scope = resource_id(azure_sandbox, "Microsoft.Network/virtualNetworks", f"default-{LOCATION}")
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


def test_no_two_routes_have_the_same_path() -> None:
    paths = [(route.method, route.template.lower()) for route in ROUTES]
    assert len(set(paths)) == len(paths)
