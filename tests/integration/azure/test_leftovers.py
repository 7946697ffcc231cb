"""What is left of a machine goes; what a machine has, or is being made for one, stays."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.pipeline.transport import RequestsTransport

from providers.azure import network_resources
from providers.azure.client import AzureClients
from providers.azure.provider import AzureProvider
from providers.azure.resource_names import ResourceNames
from providers.azure.tags import INSTANCE_TAG, TOKEN_TAG
from skyclust.errors import NotFound, PermissionDenied
from skyclust.model.instance import Instance, InstanceState
from skyclust.model.resource import ResourceKind
from skyclust.model.snapshot import SnapshotState
from skyclust.operations.waiting import wait_for_state
from skyclust_sandbox.faults import Fault, FaultKind
from tests.conformance.azure import REGION
from tests.conformance.azure_operator import DISKS, NETWORK, AzureOperator
from tests.fixtures.azure import AzureSandbox
from tests.integration.azure.conftest import TOKEN, Becomes, Spec

pytestmark = pytest.mark.integration

GROUP = "skyclust"


def _names(operator: AzureOperator, kind: str) -> set[str]:
    return {str(one["name"]) for one in operator.list_all(NETWORK, kind)}


def _interface(operator: AzureOperator, name: str, tags: dict[str, str]) -> str:
    inner = {"subnet": {"id": operator.subnet}, "privateIPAllocationMethod": "Dynamic"}
    configuration = {"ipConfigurations": [{"name": "primary", "properties": inner}]}
    made = operator.put(
        NETWORK, "networkInterfaces", name, group=GROUP, tags=tags, properties=configuration
    )
    return operator.ready(made)


def _address(operator: AzureOperator, name: str, tags: dict[str, str]) -> str:
    static = {"publicIPAllocationMethod": "Static"}
    made = operator.put(
        NETWORK, "publicIPAddresses", name, group=GROUP, tags=tags, properties=static
    )
    return operator.ready(made)


@pytest.fixture
def gone(provider: AzureProvider, running: Instance) -> Instance:
    """A machine that was deleted."""
    provider.delete_instance(running.reference)
    wait_for_state(
        provider,
        running.reference,
        InstanceState.DELETED,
        deadline_seconds=20,
        poll_seconds=0.02,
    )
    return running


def test_what_bears_the_mark_of_a_machine_that_is_gone_goes(
    provider: AzureProvider, operator: AzureOperator, gone: Instance
) -> None:
    mine = {TOKEN_TAG: TOKEN, INSTANCE_TAG: gone.unique_id}
    _interface(operator, "web-nic", mine)
    _address(operator, "web-ip", mine)
    _interface(operator, "others-nic", {**mine, INSTANCE_TAG: "another"})
    _interface(operator, "named-nic", {**mine, INSTANCE_TAG: gone.name})
    _interface(operator, "foreign-nic", {INSTANCE_TAG: gone.unique_id})
    provider.remove_leftovers(gone.reference)
    assert _names(operator, "networkInterfaces") == {"others-nic", "named-nic", "foreign-nic"}
    assert _names(operator, "publicIPAddresses") == set()
    provider.remove_leftovers(gone.reference)


def test_what_is_being_made_for_a_machine_of_the_same_name_stays(
    provider: AzureProvider,
    clients: AzureClients,
    operator: AzureOperator,
    spec: Spec,
    gone: Instance,
) -> None:
    """Another process has put interface and address, and has not come to its machine yet."""
    new = spec(public_address=True)
    address = network_resources.create_address(clients, new, "another token")
    network_resources.create_interface(clients, new, "another token", operator.subnet, address)
    before = _names(operator, "networkInterfaces"), _names(operator, "publicIPAddresses")
    provider.remove_leftovers(gone.reference)
    provider.delete_instance(gone.reference)
    after = _names(operator, "networkInterfaces"), _names(operator, "publicIPAddresses")
    assert after == before
    assert all(after)


def test_a_create_that_is_repeated_after_the_end_takes_the_mark_away(
    provider: AzureProvider,
    clients: AzureClients,
    operator: AzureOperator,
    spec: Spec,
    gone: Instance,
) -> None:
    """It puts the interface anew that the machine before has left, and nobody sweeps it."""
    left = ResourceNames(gone.name, TOKEN).interface
    _interface(operator, left, {TOKEN_TAG: TOKEN, INSTANCE_TAG: gone.unique_id})
    network_resources.create_interface(clients, spec(), TOKEN, operator.subnet, None)
    provider.remove_leftovers(gone.reference)
    assert _names(operator, "networkInterfaces") == {left}


def test_an_interface_that_a_machine_has_taken_stays(
    provider: AzureProvider, operator: AzureOperator, gone: Instance, becomes: Becomes
) -> None:
    operator.ready(operator.instance("db"))
    tags = {TOKEN_TAG: TOKEN, INSTANCE_TAG: gone.unique_id}
    [interface] = operator.list_all(NETWORK, "networkInterfaces")
    operator.ready(
        operator.put(
            NETWORK,
            "networkInterfaces",
            str(interface["name"]),
            tags=tags,
            properties={"ipConfigurations": interface["properties"]["ipConfigurations"]},
        )
    )
    provider.remove_leftovers(gone.reference)
    assert _names(operator, "networkInterfaces") == {interface["name"]}


def test_an_interface_that_is_taken_between_look_and_delete_stays(
    provider: AzureProvider,
    operator: AzureOperator,
    gone: Instance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Azure refuses the delete, and that is the end of it."""
    marked = _interface(operator, "db-nic", {TOKEN_TAG: TOKEN, INSTANCE_TAG: gone.unique_id})
    send = RequestsTransport.send
    taken: list[str] = []

    def taking(transport: Any, request: Any, **options: Any) -> Any:
        if request.method == "DELETE" and not taken:
            profile = {"networkInterfaces": [{"id": marked}]}
            taken.append(operator.ready(operator.instance("db", networkProfile=profile)))
        return send(transport, request, **options)

    monkeypatch.setattr(RequestsTransport, "send", taking)
    provider.remove_leftovers(gone.reference)
    assert taken
    assert "db-nic" in _names(operator, "networkInterfaces")


def test_a_delete_marks_and_a_delete_that_is_refused_harms_nobody(
    provider: AzureProvider,
    operator: AzureOperator,
    spec: Spec,
    becomes: Becomes,
    azure_sandbox: AzureSandbox,
) -> None:
    made = becomes(
        provider.create_instance(spec(public_address=True), TOKEN), InstanceState.RUNNING
    )
    azure_sandbox.inject(Fault(kind=FaultKind.DENY, action="VirtualMachines_Delete", times=1))
    with pytest.raises(PermissionDenied):
        provider.delete_instance(made.reference)
    for kind in ("networkInterfaces", "publicIPAddresses"):
        assert [one["tags"][INSTANCE_TAG] for one in operator.list_all(NETWORK, kind)] == [
            made.unique_id
        ]
    provider.remove_leftovers(made.reference)
    assert provider.get_instance(REGION, made.id).public_addresses == made.public_addresses


def test_a_delete_marks_nothing_of_somebody_else(
    provider: AzureProvider, operator: AzureOperator, azure_sandbox: AzureSandbox
) -> None:
    """Neither what the machine does not take with it, nor what was made for another."""
    operator.ready(operator.instance("db"))
    pages = provider.list_resources(REGION, ResourceKind.INSTANCE)
    [machine] = [one for page in pages for one in page]
    found = provider.get_instance(REGION, machine.id)
    before = azure_sandbox.calls().get("Tags_UpdateAtScope", 0)
    provider.delete_instance(found.reference)
    assert azure_sandbox.calls().get("Tags_UpdateAtScope", 0) == before


def test_a_disk_that_has_a_replaced_ones_name_is_not_deleted(
    provider: AzureProvider,
    operator: AzureOperator,
    running: Instance,
    becomes: Becomes,
) -> None:
    """Its own id proves which disk was replaced; the name may be another's by now."""
    kept = provider.create_snapshot(running.reference, "nightly", TOKEN)
    while kept.state is not SnapshotState.AVAILABLE:
        [kept] = provider.list_snapshots(REGION, running.id)
    provider.stop_instance(running.reference)
    becomes(running, InstanceState.STOPPED)
    before = running.attributes["disks"]
    assert isinstance(before, list)
    while provider.get_instance(REGION, running.id).attributes["disks"] == before:
        provider.restore_snapshot(running.reference, kept.id, "restore")
    becomes(running, InstanceState.STOPPED)
    name = str(before[0]).rpartition("/")[2]
    operator.delete(str(before[0]), DISKS)
    stranger = operator.ready(operator.disk(name, group=GROUP))
    assert stranger == before[0]
    while not provider.restore_snapshot(running.reference, kept.id, "restore"):
        pass
    assert provider.get_disk(REGION, stranger).state == "available"


def test_a_snapshot_of_the_machine_before_is_not_the_strangers_to_delete(
    provider: AzureProvider, running: Instance
) -> None:
    kept = provider.create_snapshot(running.reference, "nightly", TOKEN)
    stranger = running.reference.model_copy(update={"unique_id": "another"})
    provider.delete_snapshot(stranger, kept.id)
    assert [one.id for one in provider.list_snapshots(REGION, running.id)] == [kept.id]


def test_a_machine_that_is_made_anew_is_another(provider: AzureProvider, running: Instance) -> None:
    other = running.reference.model_copy(update={"unique_id": "another"})
    for change in (provider.start_instance, provider.reboot_instance, provider.delete_instance):
        with pytest.raises(NotFound, match="another machine has its id"):
            change(other)
    assert provider.get_instance(REGION, running.id).state is InstanceState.RUNNING
