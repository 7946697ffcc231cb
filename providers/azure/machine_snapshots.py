"""Snapshots of machines: one of each disk, held together by tags.

Azure takes snapshots disk by disk. Those of one machine and one request bear the machine's
unique id, the token, and how many they are; their names come from all of that, so a repeated
request comes to the same ones.
Source: https://learn.microsoft.com/en-us/rest/api/compute/snapshots/create-or-update
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from providers.azure import versions, writing
from providers.azure.changes import refusal
from providers.azure.errors import azure_errors
from providers.azure.ids import normal, reference
from providers.azure.instances import (
    TOKEN_TAG,
    machine_id,
    read_machine,
    state_of,
    tags_of,
    to_moment,
    unique_id,
)
from providers.azure.provisioning import native
from providers.azure.snapshots import state_of as state_of_part
from providers.azure.tags import INSTANCE_TAG, to_tag
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.instance import InstanceState
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
    clients: AzureClients, region: str, instance_id: str, name: str, token: str
) -> InstanceSnapshot:
    """Ask for a snapshot of each disk of a machine; those that are made already stay."""
    machine = read_machine(clients, region, instance_id)
    doing = f"take a snapshot of instance {instance_id} in {region}"
    state = state_of(machine)
    if state.state is InstanceState.DELETING:
        raise refusal(region, instance_id, state, "take a snapshot of", "It is being deleted.")
    snapshot_id = to_snapshot_id(unique_id(machine), token)
    group = machine["id"].split("/")[4]
    made = {_disk(part): part for part in _parts(clients, group, SNAPSHOT_TAG, snapshot_id)}
    disks = disks_by_place(machine)
    if not disks or None in disks.values():
        raise InvalidRequest(f"Could not {doing}: it has unmanaged disks.", provider="azure")
    number = next((tags_of(part)[PARTS_TAG] for part in made.values()), str(len(disks)))
    for place, disk in disks.items():
        if place in made or len(made) >= int(number):
            continue
        body = {
            "location": machine["location"],
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
            part_name = f"{machine['name']}-{snapshot_id}-{place}"
            made[place] = writing.put_snapshot(clients, group, part_name, body)
    return to_instance_snapshot(region, instance_id, list(made.values()))


def list_snapshots(clients: AzureClients, region: str, instance_id: str) -> list[InstanceSnapshot]:
    """Return the snapshots of a machine, the oldest first."""
    machine = read_machine(clients, region, instance_id)
    group = machine["id"].split("/")[4]
    by_id: dict[str, list[Document]] = {}
    for part in _parts(clients, group, INSTANCE_TAG, unique_id(machine)):
        by_id.setdefault(tags_of(part)[SNAPSHOT_TAG], []).append(part)
    found = [to_instance_snapshot(region, instance_id, parts) for parts in by_id.values()]
    return sorted(found, key=lambda one: (str(one.created_at or ""), one.id))


def delete_snapshot(clients: AzureClients, region: str, instance_id: str, snapshot_id: str) -> None:
    """Ask for the end of all parts of a snapshot; one that is gone is no error."""
    group = machine_id(clients, region, instance_id).group
    for part in _parts(clients, group, SNAPSHOT_TAG, snapshot_id):
        if state_of_part(part) is ResourceState.DELETING:
            continue
        try:
            with azure_errors(f"delete snapshot {snapshot_id} of instance {instance_id}"):
                writing.delete_snapshot(clients, group, part["name"])
        except NotFound:
            continue


def usable_parts(
    clients: AzureClients, machine: Document, region: str, snapshot_id: str
) -> dict[str, Document]:
    """Return the parts of a snapshot of this machine by their place in it.

    Raises NotFound when there is no such snapshot, Conflict while it is being made,
    InvalidRequest when it is broken.
    """
    instance_id = normal(machine["id"])
    group = machine["id"].split("/")[4]
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
    missing = len(parts) < int(tags[PARTS_TAG])
    times = [
        moment for part in parts if (moment := to_moment(part["properties"].get("timeCreated")))
    ]
    return InstanceSnapshot(
        provider="azure",
        region=region,
        instance_id=normal(instance_id),
        id=tags[SNAPSHOT_TAG],
        name=tags.get(NAME_TAG, ""),
        state=_state(states, missing=missing),
        native_state="Incomplete" if missing else ", ".join(sorted({native(p) for p in parts})),
        token=tags.get(TOKEN_TAG),
        parts=tuple(sorted(normal(part["id"]) for part in parts)),
        created_at=min(times, default=None),
    )


def to_snapshot_id(unique: str, token: str) -> str:
    """Return the id of the snapshot of a machine that a token asks for."""
    return sha256(f"{unique}:{token}".encode()).hexdigest()[:12]


def disks_by_place(machine: Document) -> dict[str, str | None]:
    """Return the ids of a machine's disks by place: `os`, or a logical unit number.

    None stands for a disk that is no managed disk.
    """
    storage = machine["properties"].get("storageProfile", {})
    places = {BOOT: storage.get("osDisk") or {}}
    places |= {str(disk["lun"]): disk for disk in storage.get("dataDisks") or ()}
    return {place: reference(disk.get("managedDisk")) for place, disk in places.items()}


def _state(states: set[ResourceState], *, missing: bool) -> SnapshotState:
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
        listed = clients.every(path, versions.DISKS)
    return [
        part for part in listed
        if tags_of(part).get(tag) == value and {SNAPSHOT_TAG, PARTS_TAG} <= set(tags_of(part))
    ]  # fmt: skip


def _disk(part: Document) -> str:
    return tags_of(part).get(DISK_TAG, BOOT)
