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

from providers.gcp.changes import place, refusal
from providers.gcp.instances import STATES, fetch_instance
from providers.gcp.labels import AUTO_DELETE, BOOT, DEVICE, INSTANCE, TOKEN, to_label
from providers.gcp.leftovers import delete_leftovers
from providers.gcp.links import ending
from providers.gcp.machine_snapshots import fetch_parts, to_instance_snapshot
from providers.gcp.operations import asked, finished, fresh_request_id
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.instance import Instance, InstanceState
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
    clients: GcpClients, region: str, instance_id: str, snapshot_id: str, token: str
) -> bool:
    """Bring an instance's disks nearer to a snapshot; return whether they are there."""
    machine = fetch_instance(clients, region, instance_id)
    parts = fetch_parts(clients, machine["id"], snapshot_id)
    _require_whole(region, instance_id, snapshot_id, parts)
    if STATES.get(machine["status"]) is not InstanceState.STOPPED:
        raise refusal(region, machine, "restore", InstanceState.STOPPED)
    exchanges = [to_exchange(machine, part, token) for part in parts]
    _refuse_regional(region, machine, exchanges)
    made = [_is_made(clients, machine, exchange, token) for exchange in exchanges]
    if not all(made):
        return False
    for exchange in exchanges:
        _exchange(clients, region, instance_id, exchange)
    if not delete_leftovers(clients, ending(machine["zone"]), machine["id"]):
        return False
    for exchange in exchanges:
        _unmark(clients, machine, exchange)
    return True


def _require_whole(region: str, instance_id: str, snapshot_id: str, parts: list[Answer]) -> None:
    if not parts:
        raise NotFound(f"Instance {instance_id} has no snapshot {snapshot_id!r}.", provider="gcp")
    snapshot = to_instance_snapshot(region, instance_id, parts)
    said = f"Snapshot {snapshot_id} of instance {instance_id} is {snapshot.native_state}"
    if snapshot.state is SnapshotState.PENDING:
        raise Conflict(f"{said}: it is not whole yet.", provider="gcp", code="resourceNotReady")
    if snapshot.state is not SnapshotState.AVAILABLE:
        raise InvalidRequest(f"{said}.", provider="gcp")


def _refuse_regional(region: str, machine: Answer, exchanges: list[Exchange]) -> None:
    for exchange in exchanges:
        old = attached_at(machine, exchange.device)
        if old is not None and "/regions/" in old["source"]:
            raise InvalidRequest(
                f"Could not restore instance {machine['name']} in {region}: its disk"
                f" {ending(old['source'])} is one of the whole region.",
                hint="Replace that disk by hand.",
                provider="gcp",
            )


def to_exchange(machine: Answer, part: Answer, token: str) -> Exchange:
    """Return what the snapshot of one disk asks for."""
    labels = part["labels"]
    digest = sha256(f"{token}\n{part['name']}".encode()).hexdigest()[:12]
    return Exchange(
        disk=f"{machine['name'][:48].rstrip('-')}-{digest}",
        device=labels[DEVICE],
        boot=labels[BOOT] == "true",
        auto_delete=labels[AUTO_DELETE] == "true",
        snapshot=part["selfLink"],
    )


def _is_made(clients: GcpClients, machine: Answer, exchange: Exchange, token: str) -> bool:
    """Return whether the new disk is there and ready; asks for it where it is not."""
    zone = ending(machine["zone"])
    doing = f"make disk {exchange.disk} in {zone} from a snapshot"
    try:
        disk = clients.read(f"zones/{zone}/disks/{exchange.disk}", doing)
    except NotFound:
        _make(clients, machine, exchange, token, doing)
        return False
    if disk["status"] == "FAILED":
        raise InvalidRequest(f"Could not {doing}: the disk has failed.", provider="gcp")
    return str(disk["status"]) == "READY"


def _make(clients: GcpClients, machine: Answer, exchange: Exchange, token: str, doing: str) -> None:
    zone = ending(machine["zone"])
    resource: dict[str, Any] = {
        "name": exchange.disk,
        "source_snapshot": exchange.snapshot,
        "labels": {INSTANCE: machine["id"], TOKEN: to_label(token)},
        "description": f"Restored to instance {machine['name']}",
    }
    old = attached_at(machine, exchange.device)
    if old is not None:
        before = clients.read(_path(old), doing)
        resource |= kept_of(before)
        resource["labels"] = {**before.get("labels", {}), INSTANCE: machine["id"]}
    request = {
        "project": clients.project,
        "zone": zone,
        "request_id": fresh_request_id(),
        "disk_resource": resource,
    }
    asked(clients.disks().insert_unary, request, doing)


def kept_of(disk: Answer) -> dict[str, Any]:
    """Return what a disk's snapshot does not keep: type, speed, and the key of its encryption."""
    kept: dict[str, Any] = {"type_": disk["type"]}
    if "provisionedIops" in disk:
        kept["provisioned_iops"] = int(disk["provisionedIops"])
    if "provisionedThroughput" in disk:
        kept["provisioned_throughput"] = int(disk["provisionedThroughput"])
    if key := disk.get("diskEncryptionKey", {}).get("kmsKeyName"):
        # Told with the version that the disk was made with; a new disk takes the newest.
        kept["disk_encryption_key"] = {"kms_key_name": key.partition("/cryptoKeyVersions/")[0]}
    return kept


def _exchange(clients: GcpClients, region: str, instance_id: str, exchange: Exchange) -> None:
    """Let the new disk be at its device, with the old one detached."""
    machine = fetch_instance(clients, region, instance_id)
    doing = f"exchange the disk {exchange.device} of instance {instance_id} in {region}"
    instances = clients.instances()
    old = attached_at(machine, exchange.device)
    if old is not None and ending(old["source"]) != exchange.disk:
        _mark(clients, machine, old, doing)
        where = {**place(clients, machine), "device_name": old["deviceName"]}
        finished(clients, asked(instances.detach_disk_unary, where, doing), doing)
        device = old["deviceName"]
        old = None
    else:
        device = exchange.device
    if old is None:
        zone = ending(machine["zone"])
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
    disk = clients.read(_path(old), doing)
    labels = disk.get("labels", {})
    if labels.get(INSTANCE) == machine["id"]:
        return
    _label(clients, disk, {**labels, INSTANCE: machine["id"]}, doing)


def _unmark(clients: GcpClients, machine: Answer, exchange: Exchange) -> None:
    """Have a disk that has its place be like any other of its instance."""
    doing = f"end the restore of disk {exchange.disk}"
    disk = clients.read(f"zones/{ending(machine['zone'])}/disks/{exchange.disk}", doing)
    labels = disk.get("labels", {})
    if INSTANCE in labels:
        kept = {key: value for key, value in labels.items() if key != INSTANCE}
        _label(clients, disk, kept, doing)


def _label(clients: GcpClients, disk: Answer, labels: dict[str, str], doing: str) -> None:
    resource = {"labels": labels, "label_fingerprint": disk.get("labelFingerprint", "")}
    request = {
        "project": clients.project,
        "zone": ending(disk["zone"]),
        "resource": disk["name"],
        "request_id": fresh_request_id(),
        "zone_set_labels_request_resource": resource,
    }
    finished(clients, asked(clients.disks().set_labels_unary, request, doing), doing)


def attached_at(machine: Answer, device: str) -> Answer | None:
    """Return the disk that an instance has at a device, by the label that stands for it."""
    disks = (disk for disk in machine.get("disks", ()) if "source" in disk)
    return next((disk for disk in disks if to_label(disk["deviceName"]) == device), None)


def _path(attached: Answer) -> str:
    source = str(attached["source"])
    return source[source.index("projects/") :]
