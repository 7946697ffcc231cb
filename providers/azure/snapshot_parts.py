"""The parts of an instance snapshot: one snapshot of each disk, held together by tags.

Azure takes snapshots disk by disk. The parts of one instance snapshot have tags with the VM's
vmId, the token of the request and the number of parts.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from providers.azure import api_versions
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, number
from providers.azure.ids import group_of, normal, reference
from providers.azure.instances import data_disks_for_update, os_disk, unique_id
from providers.azure.provisioning import native
from providers.azure.resources import id_of, tags_of, to_datetime
from providers.azure.snapshots import state_of
from providers.azure.tags import INSTANCE_TAG, TOKEN_TAG
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.resource import ResourceState
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

SNAPSHOT_TAG: Final = "skyclust-snapshot"
"""Holds the id of the instance snapshot that a disk's snapshot is a part of."""

NAME_TAG: Final = "skyclust-snapshot-name"
"""Holds the name of the instance snapshot."""

PARTS_TAG: Final = "skyclust-snapshot-parts"
"""Holds the number of parts of the instance snapshot."""

DISK_TAG: Final = "skyclust-snapshot-disk"
"""Holds the slot of the disk: `os`, or the logical unit number of a data disk."""

OS_SLOT: Final = "os"


def get_parts(clients: AzureClients, group: str, tag: str, value: str) -> list[Document]:
    """Return the parts in a resource group, of any instance snapshot, that have a tag's value."""
    path = f"{clients.subscription}/resourceGroups/{group}/providers/Microsoft.Compute/snapshots"
    with azure_errors(f"list the snapshots in group {group}"):
        snapshots = clients.list_all(path, api_versions.DISKS)
    return [
        part for part in snapshots
        if tags_of(part).get(tag) == value and {SNAPSHOT_TAG, PARTS_TAG} <= set(tags_of(part))
    ]  # fmt: skip


def usable_parts(
    clients: AzureClients, vm: Document, region: str, snapshot_id: str
) -> dict[str, Document]:
    """Return the parts of a VM's snapshot by the slot of the disk.

    Raises NotFound if the VM has no such snapshot, Conflict while it is being created,
    InvalidRequest if it is broken.
    """
    instance_id = id_of(vm)
    parts = [
        part
        for part in get_parts(clients, group_of(instance_id), SNAPSHOT_TAG, snapshot_id)
        if tags_of(part).get(INSTANCE_TAG) == unique_id(vm)
    ]
    message = f"Could not restore instance {instance_id} in {region}: snapshot {snapshot_id}"
    if not parts:
        raise NotFound(f"{message} is not a snapshot of this instance.", provider="azure")
    state = to_instance_snapshot(region, instance_id, parts).state
    if state is SnapshotState.DELETING:
        raise NotFound(f"{message} is being deleted.", provider="azure")
    if state is SnapshotState.PENDING:
        raise Conflict(f"{message} is not complete.", provider="azure")
    if state is SnapshotState.ERROR:
        raise InvalidRequest(f"{message} is broken.", provider="azure")
    return {slot_of(part): part for part in parts}


def to_instance_snapshot(
    region: str, instance_id: str, parts: Sequence[Document]
) -> InstanceSnapshot:
    """Return the parts of an instance snapshot as one record."""
    tags = tags_of(parts[0])
    missing = len(parts) < _number_of_parts(tags)
    created = (to_datetime(inner(part, "properties"), "timeCreated") for part in parts)
    return InstanceSnapshot(
        provider="azure",
        region=region,
        instance_id=normal(instance_id),
        id=tags[SNAPSHOT_TAG],
        name=tags.get(NAME_TAG, ""),
        state=_state({state_of(part) for part in parts}, missing=missing),
        native_state=_native(parts, missing=missing),
        token=tags.get(TOKEN_TAG),
        parts=tuple(sorted(map(id_of, parts))),
        created_at=min((time for time in created if time), default=None),
    )


def disks_by_slot(vm: Document) -> dict[str, str | None]:
    """Return the ids of a VM's disks by slot: `os`, or a logical unit number.

    None stands for an unmanaged disk.
    """
    slots = {OS_SLOT: os_disk(vm)}
    slots |= {str(number(disk, "lun")): disk for disk in data_disks_for_update(vm)}
    return {slot: reference(disk, "managedDisk") for slot, disk in slots.items()}


def slot_of(part: Document) -> str:
    """Return the slot of the disk that a part is a snapshot of."""
    return tags_of(part).get(DISK_TAG, OS_SLOT)


def _number_of_parts(tags: Mapping[str, str]) -> int:
    """Return the number of parts; a snapshot whose tag was edited never counts as complete."""
    value = tags[PARTS_TAG]
    return int(value) if value.isdecimal() else sys.maxsize


def _native(parts: Sequence[Document], *, missing: bool) -> str:
    states = {native(part) or "unknown" for part in parts}
    return "Incomplete" if missing else ", ".join(sorted(states))


def _state(states: set[ResourceState | None], *, missing: bool) -> SnapshotState:
    if ResourceState.DELETING in states:
        return SnapshotState.DELETING
    if ResourceState.ERROR in states:
        return SnapshotState.ERROR
    if missing or states != {ResourceState.AVAILABLE}:
        return SnapshotState.PENDING
    return SnapshotState.AVAILABLE
