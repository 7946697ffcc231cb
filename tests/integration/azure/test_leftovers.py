"""Leftovers of a deleted VM are deleted; resources in use, or created for another VM, stay."""

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
    return {str(each["name"]) for each in operator.list_all(NETWORK, kind)}


def _interface(operator: AzureOperator, name: str, tags: dict[str, str]) -> str:
    inner = {"subnet": {"id": operator.subnet}, "privateIPAllocationMethod": "Dynamic"}
    configuration = {"ipConfigurations": [{"name": "primary", "properties": inner}]}
    resource_id = operator.put(
        NETWORK, "networkInterfaces", name, group=GROUP, tags=tags, properties=configuration
    )
    return operator.ready(resource_id)


def _address(operator: AzureOperator, name: str, tags: dict[str, str]) -> str:
    static = {"publicIPAllocationMethod": "Static"}
    resource_id = operator.put(
        NETWORK, "publicIPAddresses", name, group=GROUP, tags=tags, properties=static
    )
    return operator.ready(resource_id)


@pytest.fixture
def deleted(provider: AzureProvider, running: Instance) -> Instance:
    """Return an instance that was deleted."""
    provider.delete_instance(running.reference)
    wait_for_state(
        provider,
        running.reference,
        InstanceState.DELETED,
        deadline_seconds=20,
        poll_seconds=0.02,
    )
    return running


def test_unused_resources_with_the_vm_id_of_a_deleted_vm_are_deleted(
    provider: AzureProvider, operator: AzureOperator, deleted: Instance
) -> None:
    tags = {TOKEN_TAG: TOKEN, INSTANCE_TAG: deleted.unique_id}
    _interface(operator, "web-nic", tags)
    _address(operator, "web-ip", tags)
    _interface(operator, "others-nic", {**tags, INSTANCE_TAG: "another"})
    _interface(operator, "named-nic", {**tags, INSTANCE_TAG: deleted.name})
    _interface(operator, "foreign-nic", {INSTANCE_TAG: deleted.unique_id})
    provider.remove_leftovers(deleted.reference)
    assert _names(operator, "networkInterfaces") == {"others-nic", "named-nic", "foreign-nic"}
    assert _names(operator, "publicIPAddresses") == set()
    provider.remove_leftovers(deleted.reference)


def test_resources_for_a_new_vm_of_the_same_name_stay(
    provider: AzureProvider,
    clients: AzureClients,
    operator: AzureOperator,
    spec: Spec,
    deleted: Instance,
) -> None:
    """Another process has created interface and address, and not yet the VM."""
    new = spec(public_address=True)
    address = network_resources.create_address(clients, new, "another token")
    network_resources.create_interface(clients, new, "another token", operator.subnet, address)
    before = _names(operator, "networkInterfaces"), _names(operator, "publicIPAddresses")
    provider.remove_leftovers(deleted.reference)
    provider.delete_instance(deleted.reference)
    after = _names(operator, "networkInterfaces"), _names(operator, "publicIPAddresses")
    assert after == before
    assert all(after)


def test_a_repeated_create_removes_the_vm_id_from_the_tag(
    provider: AzureProvider,
    clients: AzureClients,
    operator: AzureOperator,
    spec: Spec,
    deleted: Instance,
) -> None:
    """It puts the interface that the deleted VM left, which then is no leftover."""
    name = ResourceNames(deleted.name, TOKEN).interface
    _interface(operator, name, {TOKEN_TAG: TOKEN, INSTANCE_TAG: deleted.unique_id})
    network_resources.create_interface(clients, spec(), TOKEN, operator.subnet, None)
    provider.remove_leftovers(deleted.reference)
    assert _names(operator, "networkInterfaces") == {name}


def test_an_attached_interface_stays(
    provider: AzureProvider, operator: AzureOperator, deleted: Instance, becomes: Becomes
) -> None:
    operator.ready(operator.instance("db"))
    tags = {TOKEN_TAG: TOKEN, INSTANCE_TAG: deleted.unique_id}
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
    provider.remove_leftovers(deleted.reference)
    assert _names(operator, "networkInterfaces") == {interface["name"]}


def test_an_interface_attached_between_list_and_delete_stays(
    provider: AzureProvider,
    operator: AzureOperator,
    deleted: Instance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Azure refuses the delete, which is no error."""
    interface = _interface(operator, "db-nic", {TOKEN_TAG: TOKEN, INSTANCE_TAG: deleted.unique_id})
    send = RequestsTransport.send
    attached: list[str] = []

    def attaching(transport: Any, request: Any, **options: Any) -> Any:
        if request.method == "DELETE" and not attached:
            profile = {"networkInterfaces": [{"id": interface}]}
            attached.append(operator.ready(operator.instance("db", networkProfile=profile)))
        return send(transport, request, **options)

    monkeypatch.setattr(RequestsTransport, "send", attaching)
    provider.remove_leftovers(deleted.reference)
    assert attached
    assert "db-nic" in _names(operator, "networkInterfaces")


def test_a_refused_delete_leaves_tags_and_changes_nothing_else(
    provider: AzureProvider,
    operator: AzureOperator,
    spec: Spec,
    becomes: Becomes,
    azure_sandbox: AzureSandbox,
) -> None:
    instance = becomes(
        provider.create_instance(spec(public_address=True), TOKEN), InstanceState.RUNNING
    )
    azure_sandbox.inject(Fault(kind=FaultKind.DENY, action="VirtualMachines_Delete", times=1))
    with pytest.raises(PermissionDenied):
        provider.delete_instance(instance.reference)
    for kind in ("networkInterfaces", "publicIPAddresses"):
        resources = operator.list_all(NETWORK, kind)
        assert [each["tags"][INSTANCE_TAG] for each in resources] == [instance.unique_id]
    provider.remove_leftovers(instance.reference)
    assert provider.get_instance(REGION, instance.id).public_addresses == instance.public_addresses


def test_a_delete_tags_no_resources_of_others(
    provider: AzureProvider, operator: AzureOperator, azure_sandbox: AzureSandbox
) -> None:
    """Neither resources that outlive the VM, nor resources created for another VM."""
    operator.ready(operator.instance("db"))
    pages = provider.list_resources(REGION, ResourceKind.INSTANCE)
    [listed] = [each for page in pages for each in page]
    vm = provider.get_instance(REGION, listed.id)
    before = azure_sandbox.calls().get("Tags_UpdateAtScope", 0)
    provider.delete_instance(vm.reference)
    assert azure_sandbox.calls().get("Tags_UpdateAtScope", 0) == before


def test_a_new_disk_with_the_name_of_a_replaced_disk_is_not_deleted(
    provider: AzureProvider,
    operator: AzureOperator,
    running: Instance,
    becomes: Becomes,
) -> None:
    """The uniqueId identifies the replaced disk; the name may be reused."""
    snapshot = provider.create_snapshot(running.reference, "nightly", TOKEN)
    while snapshot.state is not SnapshotState.AVAILABLE:
        [snapshot] = provider.list_snapshots(REGION, running.id)
    provider.stop_instance(running.reference)
    becomes(running, InstanceState.STOPPED)
    before = running.attributes["disks"]
    assert isinstance(before, list)
    while provider.get_instance(REGION, running.id).attributes["disks"] == before:
        provider.restore_snapshot(running.reference, snapshot.id, "restore")
    becomes(running, InstanceState.STOPPED)
    name = str(before[0]).rpartition("/")[2]
    operator.delete(str(before[0]), DISKS)
    other = operator.ready(operator.disk(name, group=GROUP))
    assert other == before[0]
    while not provider.restore_snapshot(running.reference, snapshot.id, "restore"):
        pass
    assert provider.get_disk(REGION, other).state == "available"


def test_a_snapshot_of_an_earlier_vm_of_the_name_is_not_deleted(
    provider: AzureProvider, running: Instance
) -> None:
    snapshot = provider.create_snapshot(running.reference, "nightly", TOKEN)
    other = running.reference.model_copy(update={"unique_id": "another"})
    provider.delete_snapshot(other, snapshot.id)
    assert [each.id for each in provider.list_snapshots(REGION, running.id)] == [snapshot.id]


def test_a_recreated_vm_is_another_vm(provider: AzureProvider, running: Instance) -> None:
    other = running.reference.model_copy(update={"unique_id": "another"})
    for change in (provider.start_instance, provider.reboot_instance, provider.delete_instance):
        with pytest.raises(NotFound, match="another instance has its id"):
            change(other)
    assert provider.get_instance(REGION, running.id).state is InstanceState.RUNNING
