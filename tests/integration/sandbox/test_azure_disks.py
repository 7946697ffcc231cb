"""Disks, snapshots and images of the sandbox Azure, and what they hold."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.azure import AzureSandbox
from tests.integration.sandbox.azure import (
    GROUP,
    LOCATION,
    Clients,
    clients,
    make_machine,
    refusal,
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
    for name in ("one", "two"):
        make_machine(azure_sandbox, azure, name)
    disk = _disk(azure, "data")
    part = {"lun": 0, "createOption": "Attach", "managedDisk": {"id": disk.id}}
    attached = _update(azure, "one", dataDisks=[part]).result().storage_profile.data_disks
    assert [(one.lun, one.name, one.delete_option) for one in attached] == [(0, "data", "Detach")]
    shown = azure.compute.disks.get(GROUP, "data")
    assert (shown.disk_state, shown.managed_by.rpartition("/")[2]) == ("Attached", "one")
    assert refusal(azure.compute.disks.begin_delete, GROUP, "data") == (409, "OperationNotAllowed")
    refused = refusal(_update, azure, "two", dataDisks=[part])
    assert refused == (409, "ConflictingUserInput")
    azure.compute.virtual_machines.begin_deallocate(GROUP, "one").result()
    assert azure.compute.disks.get(GROUP, "data").disk_state == "Reserved"
    left = _update(azure, "one", dataDisks=[{**part, "toBeDetached": True}]).result()
    assert left.storage_profile.data_disks == []
    shown = azure.compute.disks.get(GROUP, "data")
    assert (shown.disk_state, shown.managed_by) == ("Unattached", None)
    act = azure.compute.virtual_machines.begin_attach_detach_data_disks
    act(GROUP, "two", {"dataDisksToAttach": [{"diskId": disk.id}]}).result()
    assert azure.compute.disks.get(GROUP, "data").managed_by.endswith("/two")
    act(GROUP, "two", {"dataDisksToDetach": [{"diskId": disk.id}]}).result()
    azure.compute.disks.begin_delete(GROUP, "data").result()
    assert "data" not in {one.name for one in azure.compute.disks.list()}


def test_a_snapshot_holds_what_the_disk_held(azure_sandbox: AzureSandbox, azure: Clients) -> None:
    disk = _disk(azure, "data")
    azure_sandbox.write(disk.id, "before")
    snapshot = _snapshot(azure, "kept", disk.id)
    azure_sandbox.write(disk.id, "after")
    assert (snapshot.completion_percent, snapshot.disk_size_gb) == (100.0, 32)
    copied = _disk(azure, "copy", createOption="Copy", sourceResourceId=snapshot.id)
    assert copied.creation_data.source_unique_id == snapshot.unique_id
    contents = [azure_sandbox.content(one.id) for one in (disk, snapshot, copied)]
    assert contents == ["after", "before", "before"]
    azure.compute.snapshots.begin_delete(GROUP, "kept").result()
    assert list(azure.compute.snapshots.list()) == []


def test_a_boot_disk_is_swapped_while_the_machine_rests(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    before = make_machine(azure_sandbox, azure, "one").storage_profile.os_disk
    snapshot = _snapshot(azure, "kept", before.managed_disk.id)
    restored = _disk(azure, "restored", createOption="Copy", sourceResourceId=snapshot.id)
    assert restored.os_type == "Linux"
    wanted = {"osDisk": {"name": "restored", "managedDisk": {"id": restored.id}}}
    assert refusal(_update, azure, "one", **wanted) == (409, "OperationNotAllowed")
    azure.compute.virtual_machines.begin_deallocate(GROUP, "one").result()
    _disk(azure, "blank")
    blank = {"osDisk": {"managedDisk": {"id": restored.id.replace("restored", "blank")}}}
    assert refusal(_update, azure, "one", **blank) == (409, "ConflictingUserInput")
    after = _update(azure, "one", **wanted).result().storage_profile.os_disk
    assert (after.name, after.create_option, after.delete_option) == (
        "restored",
        "FromImage",
        before.delete_option,
    )
    azure.compute.virtual_machines.begin_start(GROUP, "one").result()
    assert azure.compute.disks.get(GROUP, before.name).disk_state == "Unattached"
    azure.compute.virtual_machines.begin_delete(GROUP, "one").result()
    assert {one.name for one in azure.compute.disks.list()} == {before.name, "blank"}


def test_a_disk_grows_and_never_shrinks(azure: Clients) -> None:
    _disk(azure, "data")
    resize = azure.compute.disks.begin_update
    grown = resize(GROUP, "data", {"properties": {"diskSizeGB": 64}}).result()
    assert grown.disk_size_gb == 64
    refused = refusal(resize, GROUP, "data", {"properties": {"diskSizeGB": 32}})
    assert refused == (409, "OperationNotAllowed")


def test_a_machine_is_made_from_a_company_image(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    made = make_machine(azure_sandbox, azure, "one")
    disk_id = made.storage_profile.os_disk.managed_disk.id
    azure_sandbox.write(disk_id, "golden")
    system = {"osType": "Linux", "osState": "Generalized", "managedDisk": {"id": disk_id}}
    body = {"location": LOCATION, "properties": {"storageProfile": {"osDisk": system}}}
    image = azure.compute.images.begin_create_or_update(GROUP, "golden", body).result()
    assert [one.name for one in azure.compute.images.list()] == ["golden"]
    storage = {"imageReference": {"id": image.id}, "osDisk": {"createOption": "FromImage"}}
    copied = make_machine(azure_sandbox, azure, "two", storageProfile=storage)
    assert azure_sandbox.content(copied.storage_profile.os_disk.managed_disk.id) == "golden"
    azure.compute.images.begin_delete(GROUP, "golden").result()
