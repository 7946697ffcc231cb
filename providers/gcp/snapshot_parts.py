"""The disk snapshots that an instance snapshot consists of, linked by a label.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/snapshots
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from providers.gcp import fields
from providers.gcp.instances import numeric_id_of
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
from providers.gcp.links import self_link
from providers.gcp.paging import list_all
from providers.gcp.timestamps import timestamp_of
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject

STATES: Final = {
    "CREATING": SnapshotState.PENDING,
    "UPLOADING": SnapshotState.PENDING,
    "READY": SnapshotState.AVAILABLE,
    "DELETING": SnapshotState.DELETING,
    "FAILED": SnapshotState.ERROR,
}
# The first of these states that any part has is the state of the instance snapshot.
_PRECEDENCE: Final = (
    SnapshotState.ERROR,
    SnapshotState.DELETING,
    SnapshotState.PENDING,
    SnapshotState.AVAILABLE,
)


def snapshot_id_for(number: str, token: str) -> str:
    """Return the id of the snapshot of an instance and a token; it is a valid label value."""
    return sha256(f"{number}\n{token}".encode()).hexdigest()[:20]


def to_insert_bodies(
    vm: JsonObject, name: str, token: str, snapshot_id: str
) -> list[dict[str, Any]]:
    """Return the request bodies of snapshots.insert, one for each disk but local SSDs.

    The labels contain everything that a restore needs, so that it depends on no other record.
    """
    disks = [disk for disk in fields.objects(vm, "disks") if fields.text(disk, "source")]
    prefix = f"{self_link(vm).name[:36].rstrip('-')}-{snapshot_id}"
    return [
        {
            "name": f"{prefix}-{index}",
            "description": name,
            "source_disk": disk["source"],
            "labels": {
                INSTANCE: numeric_id_of(vm),
                SNAPSHOT: snapshot_id,
                TOKEN: to_label(token),
                DEVICE: to_label(fields.required_text(disk, "deviceName")),
                BOOT: _to_text(fields.flag(disk, "boot")),
                AUTO_DELETE: _to_text(fields.flag(disk, "autoDelete")),
                DISKS: str(len(disks)),
            },
        }
        for index, disk in enumerate(disks)
    ]


def fetch_parts(
    clients: GcpClients, number: str, snapshot_id: str | None = None
) -> list[JsonObject]:
    """Return the disk snapshots of an instance, of one or of all its snapshots, sorted by name.

    `number` is the numeric id of the instance.
    """
    label_filter = f'labels.{INSTANCE} = "{number}"'
    doing = f"list the snapshots of instance {number}"
    parts = [
        part
        for part in list_all(clients, "global/snapshots", doing, filter=label_filter)
        if _is_part(fields.labels(part), number, snapshot_id)
    ]
    return sorted(parts, key=lambda part: self_link(part).name)


def _is_part(labels: Mapping[str, str], number: str, snapshot_id: str | None) -> bool:
    """Return whether labels match, because an endpoint may ignore the filter of the list."""
    label = labels.get(SNAPSHOT)
    return labels.get(INSTANCE) == number and label is not None and snapshot_id in {None, label}


def to_instance_snapshot(
    region: str, instance_id: str, parts: Sequence[JsonObject]
) -> InstanceSnapshot:
    """Return an instance snapshot from its disk snapshots, of which there is at least one.

    It is PENDING while the snapshot of a disk is missing. Raises UnexpectedAnswer for a part
    without a link, a status or its labels.
    """
    statuses = [fields.required_text(part, "status") for part in parts]
    states = {STATES.get(status, SnapshotState.PENDING) for status in statuses}
    expected = max(fields.integer(fields.labels(part), DISKS) or 1 for part in parts)
    if len(parts) < expected and SnapshotState.DELETING not in states:
        states.add(SnapshotState.PENDING)
    state = next(state for state in _PRECEDENCE if state in states)
    labels = fields.labels(parts[0])
    times = [timestamp_of(part, "creationTimestamp") for part in parts]
    return InstanceSnapshot(
        provider="gcp",
        region=region,
        instance_id=instance_id,
        id=fields.required_text(labels, SNAPSHOT),
        name=fields.text(parts[0], "description") or "",
        state=state,
        native_state=", ".join(sorted(set(statuses))),
        token=labels.get(TOKEN),
        parts=tuple(self_link(part).name for part in parts),
        created_at=min((time for time in times if time is not None), default=None),
    )


def _to_text(flag: object) -> str:
    return "true" if flag else "false"
