"""Disks, snapshots and images of the sandbox Azure, and their content."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.azure import AzureSandbox
from tests.integration.sandbox.azure import (
    GROUP,
    LOCATION,
    Clients,
    clients,
    create_vm,
    error_of,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def azure(azure_sandbox: AzureSandbox) -> Clients:
    return clients(azure_sandbox)


def _disk(azure: Clients, name: str, **creation: Any) -> Any:
    body: dict[str, Any] = {"location": LOCATION, "sku": {"name": "Premium_LRS"}}
    body["properties"] = {"creationData": creation or {"createOption": "Empty"}}
    if not creation:
        body["properties"]["diskSizeGB"] = 32
    return azure.compute.disks.begin_create_or_update(GROUP, name, body).result()


def _snapshot(azure: Clients, name: str, disk_id: str) -> Any:
    creation = {"createOption": "Copy", "sourceResourceId": disk_id}
    body = {"location": LOCATION, "properties": {"creationData": creation, "incremental": True}}
    return azure.compute.snapshots.begin_create_or_update(GROUP, name, body).result()


def _update(azure: Clients, name: str, **storage: Any) -> Any:
    change = {"properties": {"storageProfile": storage}}
    return azure.compute.virtual_machines.begin_update(GROUP, name, change)


def test_a_disk_is_attached_and_detached(azure_sandbox: AzureSandbox, azure: Clients) -> None:
    for name in ("vm-1", "vm-2"):
        create_vm(azure_sandbox, azure, name)
    disk = _disk(azure, "data")
    entry = {"lun": 0, "createOption": "Attach", "managedDisk": {"id": disk.id}}
    attached = _update(azure, "vm-1", dataDisks=[entry]).result().storage_profile.data_disks
    assert [(data.lun, data.name, data.delete_option) for data in attached] == [
        (0, "data", "Detach")
    ]
    data_disk = azure.compute.disks.get(GROUP, "data")
    assert (data_disk.disk_state, data_disk.managed_by.rpartition("/")[2]) == ("Attached", "vm-1")
    assert error_of(azure.compute.disks.begin_delete, GROUP, "data") == (409, "OperationNotAllowed")
    refused = error_of(_update, azure, "vm-2", dataDisks=[entry])
    assert refused == (409, "ConflictingUserInput")
    azure.compute.virtual_machines.begin_deallocate(GROUP, "vm-1").result()
    assert azure.compute.disks.get(GROUP, "data").disk_state == "Reserved"
    updated = _update(azure, "vm-1", dataDisks=[{**entry, "toBeDetached": True}]).result()
    assert updated.storage_profile.data_disks == []
    data_disk = azure.compute.disks.get(GROUP, "data")
    assert (data_disk.disk_state, data_disk.managed_by) == ("Unattached", None)
    attach_detach = azure.compute.virtual_machines.begin_attach_detach_data_disks
    attach_detach(GROUP, "vm-2", {"dataDisksToAttach": [{"diskId": disk.id}]}).result()
    assert azure.compute.disks.get(GROUP, "data").managed_by.endswith("/vm-2")
    attach_detach(GROUP, "vm-2", {"dataDisksToDetach": [{"diskId": disk.id}]}).result()
    azure.compute.disks.begin_delete(GROUP, "data").result()
    assert "data" not in {disk.name for disk in azure.compute.disks.list()}


def test_a_snapshot_keeps_the_content_of_its_disk(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    disk = _disk(azure, "data")
    azure_sandbox.write(disk.id, "before")
    snapshot = _snapshot(azure, "kept", disk.id)
    azure_sandbox.write(disk.id, "after")
    assert (snapshot.completion_percent, snapshot.disk_size_gb) == (100.0, 32)
    copied = _disk(azure, "copy", createOption="Copy", sourceResourceId=snapshot.id)
    assert copied.creation_data.source_unique_id == snapshot.unique_id
    contents = [azure_sandbox.content(resource.id) for resource in (disk, snapshot, copied)]
    assert contents == ["after", "before", "before"]
    azure.compute.snapshots.begin_delete(GROUP, "kept").result()
    assert list(azure.compute.snapshots.list()) == []


def test_an_os_disk_is_swapped_while_the_vm_is_deallocated(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    before = create_vm(azure_sandbox, azure, "vm-1").storage_profile.os_disk
    snapshot = _snapshot(azure, "kept", before.managed_disk.id)
    restored = _disk(azure, "restored", createOption="Copy", sourceResourceId=snapshot.id)
    assert restored.os_type == "Linux"
    swap = {"osDisk": {"name": "restored", "managedDisk": {"id": restored.id}}}
    assert error_of(_update, azure, "vm-1", **swap) == (409, "OperationNotAllowed")
    azure.compute.virtual_machines.begin_deallocate(GROUP, "vm-1").result()
    _disk(azure, "blank")
    blank = {"osDisk": {"managedDisk": {"id": restored.id.replace("restored", "blank")}}}
    assert error_of(_update, azure, "vm-1", **blank) == (409, "ConflictingUserInput")
    after = _update(azure, "vm-1", **swap).result().storage_profile.os_disk
    assert (after.name, after.create_option, after.delete_option) == (
        "restored",
        "FromImage",
        before.delete_option,
    )
    azure.compute.virtual_machines.begin_start(GROUP, "vm-1").result()
    assert azure.compute.disks.get(GROUP, before.name).disk_state == "Unattached"
    azure.compute.virtual_machines.begin_delete(GROUP, "vm-1").result()
    assert {disk.name for disk in azure.compute.disks.list()} == {before.name, "blank"}


def test_a_disk_grows_and_never_shrinks(azure: Clients) -> None:
    _disk(azure, "data")
    resize = azure.compute.disks.begin_update
    grown = resize(GROUP, "data", {"properties": {"diskSizeGB": 64}}).result()
    assert grown.disk_size_gb == 64
    refused = error_of(resize, GROUP, "data", {"properties": {"diskSizeGB": 32}})
    assert refused == (409, "OperationNotAllowed")


def test_a_vm_is_created_from_a_managed_image(azure_sandbox: AzureSandbox, azure: Clients) -> None:
    vm = create_vm(azure_sandbox, azure, "vm-1")
    disk_id = vm.storage_profile.os_disk.managed_disk.id
    azure_sandbox.write(disk_id, "golden")
    os_disk = {"osType": "Linux", "osState": "Generalized", "managedDisk": {"id": disk_id}}
    body = {"location": LOCATION, "properties": {"storageProfile": {"osDisk": os_disk}}}
    image = azure.compute.images.begin_create_or_update(GROUP, "golden", body).result()
    assert [image.name for image in azure.compute.images.list()] == ["golden"]
    storage = {"imageReference": {"id": image.id}, "osDisk": {"createOption": "FromImage"}}
    copied = create_vm(azure_sandbox, azure, "vm-2", storageProfile=storage)
    assert azure_sandbox.content(copied.storage_profile.os_disk.managed_disk.id) == "golden"
    azure.compute.images.begin_delete(GROUP, "golden").result()
