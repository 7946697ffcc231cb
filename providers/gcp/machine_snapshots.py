"""Snapshots of all disks of an instance: one of Google's a disk, held together by a label.

What is needed to put the instance back stands in the labels of each, so that nothing is lost
with whoever took them. Source:
https://cloud.google.com/compute/docs/reference/rest/v1/snapshots/insert
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from providers.gcp.instances import fetch_instance
from providers.gcp.labels import (
    AUTO_DELETE,
    BOOT,
    DEVICE,
    DISKS,
    INSTANCE,
    SNAPSHOT,
    TOKEN,
    to_label,
)
from providers.gcp.links import read_instance_id
from providers.gcp.lists import pages
from providers.gcp.moments import to_moment
from providers.gcp.operations import GLANCE_SECONDS, asked, awaited, fresh_request_id
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState

if TYPE_CHECKING:
    from google.cloud.compute_v1.types import Operation

    from providers.gcp.client import Answer, GcpClients

STATES: Final = {
    "CREATING": SnapshotState.PENDING,
    "UPLOADING": SnapshotState.PENDING,
    "READY": SnapshotState.AVAILABLE,
    "DELETING": SnapshotState.DELETING,
    "FAILED": SnapshotState.ERROR,
}
# The first of these that any part has is the state of the whole.
_WORST_FIRST: Final = (
    SnapshotState.ERROR,
    SnapshotState.DELETING,
    SnapshotState.PENDING,
    SnapshotState.AVAILABLE,
)
_TAKEN: Final = frozenset({"alreadyExists", "RESOURCE_ALREADY_EXISTS"})


def create_snapshot(
    clients: GcpClients, region: str, instance_id: str, name: str, token: str
) -> InstanceSnapshot:
    """Ask for a snapshot of every disk of an instance that has none yet with the token.

    The names are made of the token: what somebody else began with it is carried on. Raises
    NotFound for an unknown instance.
    """
    machine = fetch_instance(clients, region, instance_id)
    snapshot_id = to_snapshot_id(machine["id"], token)
    known = fetch_parts(clients, machine["id"], snapshot_id)
    names = {part["name"] for part in known}
    resources = to_requests(machine, name, token, snapshot_id)
    missing = [resource for resource in resources if resource["name"] not in names]
    doing = f"take a snapshot of instance {instance_id}"
    operations = [_asked(clients, resource, doing) for resource in missing]
    for operation in operations:
        if operation is not None:
            awaited(clients, operation, doing, GLANCE_SECONDS / len(operations))
    parts = fetch_parts(clients, machine["id"], snapshot_id)
    if parts:
        return to_instance_snapshot(region, instance_id, parts)
    return InstanceSnapshot(
        provider="gcp",
        region=region,
        instance_id=instance_id,
        id=snapshot_id,
        name=name,
        state=SnapshotState.PENDING,
        native_state="CREATING",
        token=token,
        parts=tuple(str(resource["name"]) for resource in resources),
    )


def to_snapshot_id(number: str, token: str) -> str:
    """Return the id of the snapshot of a token, which is the value of a label as well."""
    return sha256(f"{number}\n{token}".encode()).hexdigest()[:20]


def to_requests(machine: Answer, name: str, token: str, snapshot_id: str) -> list[dict[str, Any]]:
    """Return the resources of snapshots.insert, one a disk; local disks keep nothing."""
    disks = [disk for disk in machine.get("disks", ()) if "source" in disk]
    stem = f"{machine['name'][:36].rstrip('-')}-{snapshot_id}"
    return [
        {
            "name": f"{stem}-{number}",
            "description": name,
            "source_disk": disk["source"],
            "labels": {
                INSTANCE: machine["id"],
                SNAPSHOT: snapshot_id,
                TOKEN: to_label(token),
                DEVICE: to_label(disk["deviceName"]),
                BOOT: _word(disk.get("boot")),
                AUTO_DELETE: _word(disk.get("autoDelete")),
                DISKS: str(len(disks)),
            },
        }
        for number, disk in enumerate(disks)
    ]


def _asked(clients: GcpClients, resource: dict[str, Any], doing: str) -> Operation | None:
    """Ask for the snapshot of one disk; None when another process has just done so."""
    request = {
        "project": clients.project,
        "request_id": fresh_request_id(),
        "snapshot_resource": resource,
    }
    try:
        return asked(clients.snapshots().insert_unary, request, doing)
    except InvalidRequest as error:
        if error.code not in _TAKEN:
            raise
        return None


def list_snapshots(clients: GcpClients, region: str, instance_id: str) -> list[InstanceSnapshot]:
    """Return the snapshots of an instance, the oldest first."""
    number = read_instance_id(region, instance_id).number
    by_id: dict[str, list[Answer]] = {}
    for part in fetch_parts(clients, number):
        by_id.setdefault(part["labels"][SNAPSHOT], []).append(part)
    found = [to_instance_snapshot(region, instance_id, parts) for parts in by_id.values()]
    return sorted(found, key=lambda one: (str(one.created_at), one.id))


def fetch_parts(clients: GcpClients, number: str, snapshot_id: str | None = None) -> list[Answer]:
    """Return the snapshots of an instance's disks, of one machine snapshot or of all; sorted."""
    wanted = f'labels.{INSTANCE} = "{number}"'
    listed = pages(
        clients, "global/snapshots", f"list the snapshots of instance {number}", filter=wanted
    )
    parts = [part for page in listed for part in page if SNAPSHOT in part.get("labels", {})]
    return sorted(
        (part for part in parts if snapshot_id in {None, part["labels"][SNAPSHOT]}),
        key=lambda part: str(part["name"]),
    )


def to_instance_snapshot(
    region: str, instance_id: str, parts: Sequence[Answer]
) -> InstanceSnapshot:
    """Return the snapshots of one machine's disks as one; there is at least one of them.

    It is PENDING as long as a disk has none.
    """
    states = {STATES.get(part["status"], SnapshotState.PENDING) for part in parts}
    wanted = max(int(part["labels"].get(DISKS, "1")) for part in parts)
    if len(parts) < wanted and SnapshotState.DELETING not in states:
        states.add(SnapshotState.PENDING)
    state = next(one for one in _WORST_FIRST if one in states)
    words = sorted({str(part["status"]) for part in parts})
    labels = parts[0]["labels"]
    times = [to_moment(part.get("creationTimestamp")) for part in parts]
    return InstanceSnapshot(
        provider="gcp",
        region=region,
        instance_id=instance_id,
        id=labels[SNAPSHOT],
        name=str(parts[0].get("description", "")),
        state=state,
        native_state=", ".join(words),
        token=labels.get(TOKEN),
        parts=tuple(str(part["name"]) for part in parts),
        created_at=min((time for time in times if time is not None), default=None),
    )


def delete_snapshot(clients: GcpClients, region: str, instance_id: str, snapshot_id: str) -> None:
    """Ask for the end of the snapshots of all disks; what is gone is no error."""
    number = read_instance_id(region, instance_id).number
    for part in fetch_parts(clients, number, snapshot_id):
        if part["status"] == "DELETING":
            continue
        request = {
            "project": clients.project,
            "snapshot": part["name"],
            "request_id": fresh_request_id(),
        }
        try:
            asked(clients.snapshots().delete_unary, request, f"delete snapshot {part['name']}")
        except NotFound:
            continue


def _word(flag: object) -> str:
    return "true" if flag else "false"
