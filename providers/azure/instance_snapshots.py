"""Snapshots of machines: one of each disk, held together by tags.

Azure takes snapshots disk by disk. Those of one machine and one request bear the machine's
unique id, the token, and how many they are; their names come from all of that, so a repeated
request comes to the same ones.
Source: https://learn.microsoft.com/en-us/rest/api/compute/snapshots/create-or-update
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from providers.azure import api_versions, write_requests
from providers.azure.compute import refusal
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, number, required
from providers.azure.ids import group_of, normal, reference
from providers.azure.instances import (
    TOKEN_TAG,
    boot_disk,
    disks_to_change,
    machine_id,
    read_machine,
    read_same,
    state_of,
    unique_id,
)
from providers.azure.provisioning import native
from providers.azure.resources import id_of, name_of, tags_of, to_moment
from providers.azure.snapshots import state_of as state_of_part
from providers.azure.tags import INSTANCE_TAG, to_tag
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference, InstanceState
from skyclust.model.resource import ResourceState
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

SNAPSHOT_TAG: Final = "skyclust-snapshot"
"""Holds the id of the machine's snapshot that a disk's snapshot is a part of."""
NAME_TAG: Final = "skyclust-snapshot-name"
PARTS_TAG: Final = "skyclust-snapshot-parts"
"""Holds how many parts the machine's snapshot has."""
DISK_TAG: Final = "skyclust-snapshot-disk"
"""Holds which disk of the machine it is: `os`, or the logical unit number of a data disk."""

BOOT: Final = "os"


def create_snapshot(
    clients: AzureClients, instance: InstanceReference, name: str, token: str
) -> InstanceSnapshot:
    """Ask for a snapshot of each disk of a machine; those that are made already stay."""
    machine = read_same(clients, instance)
    doing = f"take a snapshot of instance {instance.id} in {instance.region}"
    state = state_of(machine)
    if state.state is InstanceState.DELETING:
        raise refusal(instance, state, "take a snapshot of", "It is being deleted.")
    snapshot_id = to_snapshot_id(unique_id(machine), token)
    group = group_of(id_of(machine))
    made = {_disk(part): part for part in _parts(clients, group, SNAPSHOT_TAG, snapshot_id)}
    disks = disks_by_place(machine)
    if not disks or None in disks.values():
        raise InvalidRequest(f"Could not {doing}: it has unmanaged disks.", provider="azure")
    number = next((tags_of(part)[PARTS_TAG] for part in made.values()), str(len(disks)))
    for place, disk in disks.items():
        if place in made or len(made) >= int(number):
            continue
        body = {
            "location": required(machine, "location"),
            "tags": {
                TOKEN_TAG: to_tag(token),
                INSTANCE_TAG: unique_id(machine),
                SNAPSHOT_TAG: snapshot_id,
                NAME_TAG: name,
                PARTS_TAG: number,
                DISK_TAG: place,
            },
            "properties": {
                "creationData": {"createOption": "Copy", "sourceResourceId": disk},
                "incremental": True,
            },
        }
        with azure_errors(doing):
            part_name = f"{name_of(machine)}-{snapshot_id}-{place}"
            made[place] = write_requests.put_snapshot(clients, group, part_name, body)
    return to_instance_snapshot(instance.region, instance.id, list(made.values()))


def list_snapshots(clients: AzureClients, region: str, instance_id: str) -> list[InstanceSnapshot]:
    """Return the snapshots of a machine, the oldest first."""
    machine = read_machine(clients, region, instance_id)
    group = group_of(id_of(machine))
    by_id: dict[str, list[Document]] = {}
    for part in _parts(clients, group, INSTANCE_TAG, unique_id(machine)):
        by_id.setdefault(tags_of(part)[SNAPSHOT_TAG], []).append(part)
    found = [to_instance_snapshot(region, instance_id, parts) for parts in by_id.values()]
    return sorted(found, key=lambda one: (str(one.created_at or ""), one.id))


def delete_snapshot(clients: AzureClients, instance: InstanceReference, snapshot_id: str) -> None:
    """Ask for the end of all parts of a snapshot of this very machine; a gone one is no error."""
    group = machine_id(clients, instance.region, instance.id).group
    for part in _parts(clients, group, SNAPSHOT_TAG, snapshot_id):
        if tags_of(part).get(INSTANCE_TAG) != instance.unique_id:
            continue
        if state_of_part(part) is ResourceState.DELETING:
            continue
        try:
            with azure_errors(f"delete snapshot {snapshot_id} of instance {instance.id}"):
                write_requests.delete_snapshot(clients, group, name_of(part))
        except NotFound:
            continue


def usable_parts(
    clients: AzureClients, machine: Document, region: str, snapshot_id: str
) -> dict[str, Document]:
    """Return the parts of a snapshot of this machine by their place in it.

    Raises NotFound when there is no such snapshot, Conflict while it is being made,
    InvalidRequest when it is broken.
    """
    instance_id = id_of(machine)
    group = group_of(instance_id)
    mine = unique_id(machine)
    parts = [
        part
        for part in _parts(clients, group, SNAPSHOT_TAG, snapshot_id)
        if tags_of(part).get(INSTANCE_TAG) == mine
    ]
    said = f"Could not restore instance {instance_id} in {region}: snapshot {snapshot_id}"
    if not parts:
        raise NotFound(f"{said} is none of its.", provider="azure")
    state = to_instance_snapshot(region, instance_id, parts).state
    if state is SnapshotState.DELETING:
        raise NotFound(f"{said} is being deleted.", provider="azure")
    if state is SnapshotState.PENDING:
        raise Conflict(f"{said} is not complete.", provider="azure")
    if state is SnapshotState.ERROR:
        raise InvalidRequest(f"{said} is broken.", provider="azure")
    return {_disk(part): part for part in parts}


def to_instance_snapshot(
    region: str, instance_id: str, parts: Sequence[Document]
) -> InstanceSnapshot:
    """Return the parts of a snapshot as one."""
    tags = tags_of(parts[0])
    states = {state_of_part(part) for part in parts}
    missing = len(parts) < _number_of_parts(tags)
    times = [
        moment for part in parts if (moment := to_moment(inner(part, "properties"), "timeCreated"))
    ]
    return InstanceSnapshot(
        provider="azure",
        region=region,
        instance_id=normal(instance_id),
        id=tags[SNAPSHOT_TAG],
        name=tags.get(NAME_TAG, ""),
        state=_state(states, missing=missing),
        native_state=_native(parts, missing=missing),
        token=tags.get(TOKEN_TAG),
        parts=tuple(sorted(map(id_of, parts))),
        created_at=min(times, default=None),
    )


def to_snapshot_id(unique: str, token: str) -> str:
    """Return the id of the snapshot of a machine that a token asks for."""
    return sha256(f"{unique}:{token}".encode()).hexdigest()[:12]


def disks_by_place(machine: Document) -> dict[str, str | None]:
    """Return the ids of a machine's disks by place: `os`, or a logical unit number.

    None stands for a disk that is no managed disk.
    """
    places = {BOOT: boot_disk(machine)}
    places |= {str(number(disk, "lun")): disk for disk in disks_to_change(machine)}
    return {place: reference(disk, "managedDisk") for place, disk in places.items()}


def _number_of_parts(tags: Mapping[str, str]) -> int:
    """Return how many parts a snapshot has; one whose tag was changed is never whole."""
    written = tags[PARTS_TAG]
    return int(written) if written.isdecimal() else sys.maxsize


def _native(parts: Sequence[Document], *, missing: bool) -> str:
    words = {native(part) for part in parts}
    return "Incomplete" if missing else ", ".join(sorted(word or "unknown" for word in words))


def _state(states: set[ResourceState | None], *, missing: bool) -> SnapshotState:
    if ResourceState.DELETING in states:
        return SnapshotState.DELETING
    if ResourceState.ERROR in states:
        return SnapshotState.ERROR
    if missing or states != {ResourceState.AVAILABLE}:
        return SnapshotState.PENDING
    return SnapshotState.AVAILABLE


def _parts(clients: AzureClients, group: str, tag: str, value: str) -> list[Document]:
    """Return the disks' snapshots in a group that are parts and bear a tag with a value."""
    path = f"{clients.subscription}/resourceGroups/{group}/providers/Microsoft.Compute/snapshots"
    with azure_errors(f"list the snapshots in group {group}"):
        listed = clients.every(path, api_versions.DISKS)
    return [
        part for part in listed
        if tags_of(part).get(tag) == value and {SNAPSHOT_TAG, PARTS_TAG} <= set(tags_of(part))
    ]  # fmt: skip


def _disk(part: Document) -> str:
    return tags_of(part).get(DISK_TAG, BOOT)
