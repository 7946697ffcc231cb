"""Snapshots of all disks of an instance: one of Google's a disk, held together by a label.

What is needed to put the instance back stands in the labels of each, so that nothing is lost
with whoever took them. Source:
https://cloud.google.com/compute/docs/reference/rest/v1/snapshots/insert
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from providers.gcp import fields
from providers.gcp.instances import fetch_same, number_of
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
from providers.gcp.links import own_link, read_instance_id
from providers.gcp.operations import GLANCE_SECONDS, asked, awaited, fresh_request_id
from providers.gcp.paging import things
from providers.gcp.timestamps import moment_of
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState
from skyclust.providerkit.same_instance import require_same_instance

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
    clients: GcpClients, instance: InstanceReference, name: str, token: str
) -> InstanceSnapshot:
    """Ask for a snapshot of every disk of an instance that has none yet with the token.

    The names are made of the token: what somebody else began with it is carried on. Raises
    NotFound for an unknown instance.
    """
    machine = fetch_same(clients, instance)
    snapshot_id = to_snapshot_id(number_of(machine), token)
    known = fetch_parts(clients, number_of(machine), snapshot_id)
    names = {own_link(part).name for part in known}
    resources = to_requests(machine, name, token, snapshot_id)
    missing = [resource for resource in resources if resource["name"] not in names]
    doing = f"take a snapshot of instance {instance.id}"
    operations = [_asked(clients, resource, doing) for resource in missing]
    for operation in operations:
        if operation is not None:
            awaited(clients, operation, doing, GLANCE_SECONDS / len(operations))
    parts = fetch_parts(clients, number_of(machine), snapshot_id)
    if parts:
        return to_instance_snapshot(instance.region, instance.id, parts)
    return InstanceSnapshot(
        provider="gcp",
        region=instance.region,
        instance_id=instance.id,
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
    disks = [disk for disk in fields.parts(machine, "disks") if fields.text(disk, "source")]
    stem = f"{own_link(machine).name[:36].rstrip('-')}-{snapshot_id}"
    return [
        {
            "name": f"{stem}-{number}",
            "description": name,
            "source_disk": disk["source"],
            "labels": {
                INSTANCE: number_of(machine),
                SNAPSHOT: snapshot_id,
                TOKEN: to_label(token),
                DEVICE: to_label(fields.required_text(disk, "deviceName")),
                BOOT: _word(fields.flag(disk, "boot")),
                AUTO_DELETE: _word(fields.flag(disk, "autoDelete")),
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
        by_id.setdefault(fields.labels(part)[SNAPSHOT], []).append(part)
    found = [to_instance_snapshot(region, instance_id, parts) for parts in by_id.values()]
    return sorted(found, key=lambda one: (str(one.created_at), one.id))


def fetch_parts(clients: GcpClients, number: str, snapshot_id: str | None = None) -> list[Answer]:
    """Return the snapshots of an instance's disks, of one machine snapshot or of all; sorted."""
    wanted = f'labels.{INSTANCE} = "{number}"'
    doing = f"list the snapshots of instance {number}"
    parts = [
        part
        for part in things(clients, "global/snapshots", doing, filter=wanted)
        if _is_part(fields.labels(part), number, snapshot_id)
    ]
    return sorted(parts, key=lambda part: own_link(part).name)


def _is_part(labels: Mapping[str, str], number: str, snapshot_id: str | None) -> bool:
    """Return whether a snapshot is one of an instance's disks, also where filters are ignored."""
    found = labels.get(SNAPSHOT)
    return labels.get(INSTANCE) == number and found is not None and snapshot_id in {None, found}


def to_instance_snapshot(
    region: str, instance_id: str, parts: Sequence[Answer]
) -> InstanceSnapshot:
    """Return the snapshots of one machine's disks as one; there is at least one of them.

    It is PENDING as long as a disk has none.
    """
    statuses = [fields.required_text(part, "status") for part in parts]
    states = {STATES.get(status, SnapshotState.PENDING) for status in statuses}
    wanted = max(fields.number(fields.labels(part), DISKS) or 1 for part in parts)
    if len(parts) < wanted and SnapshotState.DELETING not in states:
        states.add(SnapshotState.PENDING)
    state = next(one for one in _WORST_FIRST if one in states)
    labels = fields.labels(parts[0])
    times = [moment_of(part, "creationTimestamp") for part in parts]
    return InstanceSnapshot(
        provider="gcp",
        region=region,
        instance_id=instance_id,
        id=fields.required_text(labels, SNAPSHOT),
        name=fields.text(parts[0], "description") or "",
        state=state,
        native_state=", ".join(sorted(set(statuses))),
        token=labels.get(TOKEN),
        parts=tuple(own_link(part).name for part in parts),
        created_at=min((time for time in times if time is not None), default=None),
    )


def delete_snapshot(clients: GcpClients, instance: InstanceReference, snapshot_id: str) -> None:
    """Ask for the end of the snapshots of all disks, each by its number; gone ones are no error."""
    number = read_instance_id(instance.region, instance.id).number
    require_same_instance(instance, number, provider="gcp")
    for part in fetch_parts(clients, number, snapshot_id):
        if fields.text(part, "status") == "DELETING":
            continue
        doing = f"delete snapshot {own_link(part).name}"
        request = {
            "project": clients.project,
            "snapshot": fields.required_text(part, "id"),
            "request_id": fresh_request_id(),
        }
        try:
            asked(clients.snapshots().delete_unary, request, doing)
        except NotFound:
            continue


def _word(flag: object) -> str:
    return "true" if flag else "false"
