"""Putting an instance back to a snapshot: new disks take the place of those it has.

Every call looks at what is there and does what is missing: make the new disks, exchange them
one by one, delete the old ones. New disks are named by the token; they, and old ones before they
are detached, bear the number of their instance, so any process can go on, and what nobody goes
on with is deleted with the instance. At the end the new ones lose it: whoever detaches one then
keeps it. Source:
https://cloud.google.com/compute/docs/disks/restore-snapshot
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from providers.gcp import fields
from providers.gcp.compute import place, refusal
from providers.gcp.instance_snapshots import fetch_parts, to_instance_snapshot
from providers.gcp.instances import fetch_same, number_of, state_of, zone_of
from providers.gcp.labels import (
    AUTO_DELETE,
    BOOT,
    DEVICE,
    INSTANCE,
    TOKEN,
    fingerprint_of,
    to_label,
)
from providers.gcp.leftovers import delete_leftovers
from providers.gcp.links import ending, own_link
from providers.gcp.operations import asked, finished, fresh_request_id
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.instance import Instance, InstanceReference, InstanceState
from skyclust.model.snapshot import SnapshotState

if TYPE_CHECKING:
    from providers.gcp.client import Answer, GcpClients


@dataclass(frozen=True)
class Exchange:
    """One disk that a restore puts into the place of another."""

    disk: str
    device: str
    boot: bool
    auto_delete: bool
    snapshot: str


def must_stop_to_restore(instance: Instance) -> bool:
    """Return whether the instance has to be stopped first: a boot disk leaves no running one."""
    return instance.state is not InstanceState.STOPPED


def restore_snapshot(
    clients: GcpClients, instance: InstanceReference, snapshot_id: str, token: str
) -> bool:
    """Bring an instance's disks nearer to a snapshot; return whether they are there."""
    machine = fetch_same(clients, instance)
    parts = fetch_parts(clients, number_of(machine), snapshot_id)
    _require_whole(instance, snapshot_id, parts)
    if state_of(machine) is not InstanceState.STOPPED:
        raise refusal(instance.region, machine, "restore", InstanceState.STOPPED)
    exchanges = [to_exchange(machine, part, token) for part in parts]
    _refuse_regional(instance.region, machine, exchanges)
    made = [_is_made(clients, machine, exchange, token) for exchange in exchanges]
    if not all(made):
        return False
    for exchange in exchanges:
        _exchange(clients, instance, exchange)
    if not delete_leftovers(clients, zone_of(machine), number_of(machine)):
        return False
    for exchange in exchanges:
        _unmark(clients, machine, exchange)
    return True


def _require_whole(instance: InstanceReference, snapshot_id: str, parts: list[Answer]) -> None:
    if not parts:
        raise NotFound(f"Instance {instance.id} has no snapshot {snapshot_id!r}.", provider="gcp")
    snapshot = to_instance_snapshot(instance.region, instance.id, parts)
    said = f"Snapshot {snapshot_id} of instance {instance.id} is {snapshot.native_state}"
    if snapshot.state is SnapshotState.PENDING:
        raise Conflict(f"{said}: it is not whole yet.", provider="gcp", code="resourceNotReady")
    if snapshot.state is not SnapshotState.AVAILABLE:
        raise InvalidRequest(f"{said}.", provider="gcp")


def _refuse_regional(region: str, machine: Answer, exchanges: list[Exchange]) -> None:
    for exchange in exchanges:
        old = attached_at(machine, exchange.device)
        if old is not None and "/regions/" in old["source"]:
            raise InvalidRequest(
                f"Could not restore instance {own_link(machine).name} in {region}: its disk"
                f" {ending(old['source'])} is one of the whole region.",
                hint="Replace that disk by hand.",
                provider="gcp",
            )


def to_exchange(machine: Answer, part: Answer, token: str) -> Exchange:
    """Return what the snapshot of one disk asks for."""
    labels = fields.labels(part)
    digest = sha256(f"{token}\n{own_link(part).name}".encode()).hexdigest()[:12]
    return Exchange(
        disk=f"{own_link(machine).name[:48].rstrip('-')}-{digest}",
        device=fields.required_text(labels, DEVICE),
        boot=fields.required_text(labels, BOOT) == "true",
        auto_delete=fields.required_text(labels, AUTO_DELETE) == "true",
        snapshot=fields.required_text(part, "selfLink"),
    )


def _is_made(clients: GcpClients, machine: Answer, exchange: Exchange, token: str) -> bool:
    """Return whether the new disk is there and ready; asks for it where it is not."""
    zone = zone_of(machine)
    doing = f"make disk {exchange.disk} in {zone} from a snapshot"
    try:
        disk = clients.read(f"zones/{zone}/disks/{exchange.disk}", doing, kind="disk")
    except NotFound:
        _make(clients, machine, exchange, token, doing)
        return False
    status = fields.required_text(disk, "status")
    if status == "FAILED":
        raise InvalidRequest(f"Could not {doing}: the disk has failed.", provider="gcp")
    return status == "READY"


def _make(clients: GcpClients, machine: Answer, exchange: Exchange, token: str, doing: str) -> None:
    zone, number = zone_of(machine), number_of(machine)
    resource: dict[str, Any] = {
        "name": exchange.disk,
        "source_snapshot": exchange.snapshot,
        "labels": {INSTANCE: number, TOKEN: to_label(token)},
        "description": f"Restored to instance {own_link(machine).name}",
    }
    old = attached_at(machine, exchange.device)
    if old is not None:
        before = clients.read(_path(old), doing, kind="disk")
        resource |= kept_of(before)
        resource["labels"] = {**fields.labels(before), INSTANCE: number}
    request = {
        "project": clients.project,
        "zone": zone,
        "request_id": fresh_request_id(),
        "disk_resource": resource,
    }
    asked(clients.disks().insert_unary, request, doing)


def kept_of(disk: Answer) -> dict[str, Any]:
    """Return what a disk's snapshot does not keep: type, speed, and the key of its encryption."""
    kept: dict[str, Any] = {"type_": fields.required_text(disk, "type")}
    if (iops := fields.number(disk, "provisionedIops")) is not None:
        kept["provisioned_iops"] = iops
    if (throughput := fields.number(disk, "provisionedThroughput")) is not None:
        kept["provisioned_throughput"] = throughput
    if key := fields.text(fields.part(disk, "diskEncryptionKey"), "kmsKeyName"):
        # Told with the version that the disk was made with; a new disk takes the newest.
        kept["disk_encryption_key"] = {"kms_key_name": key.partition("/cryptoKeyVersions/")[0]}
    return kept


def _exchange(clients: GcpClients, instance: InstanceReference, exchange: Exchange) -> None:
    """Let the new disk be at its device, with the old one detached."""
    machine = fetch_same(clients, instance)
    doing = f"exchange the disk {exchange.device} of instance {instance.id} in {instance.region}"
    instances = clients.instances()
    old = attached_at(machine, exchange.device)
    if old is not None and ending(old["source"]) != exchange.disk:
        _mark(clients, machine, old, doing)
        device = fields.required_text(old, "deviceName")
        where = {**place(clients, machine), "device_name": device}
        finished(clients, asked(instances.detach_disk_unary, where, doing), doing)
        old = None
    else:
        device = exchange.device
    if old is None:
        zone = zone_of(machine)
        disk = {
            "source": f"projects/{clients.project}/zones/{zone}/disks/{exchange.disk}",
            "device_name": device,
            "boot": exchange.boot,
            "auto_delete": exchange.auto_delete,
        }
        where = {**place(clients, machine), "attached_disk_resource": disk}
        finished(clients, asked(instances.attach_disk_unary, where, doing), doing)


def _mark(clients: GcpClients, machine: Answer, old: Answer, doing: str) -> None:
    """Have an old disk bear its instance's number before nothing else tells whose it was."""
    disk = clients.read(_path(old), doing, kind="disk")
    labels, number = fields.labels(disk), number_of(machine)
    if labels.get(INSTANCE) == number:
        return
    _label(clients, disk, {**labels, INSTANCE: number}, doing)


def _unmark(clients: GcpClients, machine: Answer, exchange: Exchange) -> None:
    """Have a disk that has its place be like any other of its instance."""
    doing = f"end the restore of disk {exchange.disk}"
    path = f"zones/{zone_of(machine)}/disks/{exchange.disk}"
    disk = clients.read(path, doing, kind="disk")
    labels = fields.labels(disk)
    if INSTANCE in labels:
        kept = {key: value for key, value in labels.items() if key != INSTANCE}
        _label(clients, disk, kept, doing)


def _label(clients: GcpClients, disk: Answer, labels: dict[str, str], doing: str) -> None:
    resource = {"labels": labels, "label_fingerprint": fingerprint_of(disk)}
    request = {
        "project": clients.project,
        "zone": own_link(disk).place,
        "resource": fields.required_text(disk, "id"),
        "request_id": fresh_request_id(),
        "zone_set_labels_request_resource": resource,
    }
    finished(clients, asked(clients.disks().set_labels_unary, request, doing), doing)


def attached_at(machine: Answer, device: str) -> Answer | None:
    """Return the disk that an instance has at a device, by the label that stands for it."""
    disks = (disk for disk in fields.parts(machine, "disks") if fields.text(disk, "source"))
    names = ((disk, fields.required_text(disk, "deviceName")) for disk in disks)
    return next((disk for disk, name in names if to_label(name) == device), None)


def _path(attached: Answer) -> str:
    source = str(attached["source"])
    return source[source.index("projects/") :]
