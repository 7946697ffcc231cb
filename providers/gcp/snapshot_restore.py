"""Restoring an instance from a snapshot: new disks replace its current disks.

Every call reads the current state and does what is missing: create the new disks, replace the
disks one by one, delete the old disks. The names of the new disks are derived from the token.
New disks, and old disks before they are detached, are labelled with the numeric id of their
instance, so that any process can continue, and the disks of an abandoned restore are deleted
with the instance. At the end the label is removed from the new disks: a user who detaches one
later keeps it. Source: https://cloud.google.com/compute/docs/disks/restore-snapshot
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from providers.gcp import fields
from providers.gcp.instance_requests import instance_parameters
from providers.gcp.instances import fetch_same_instance, numeric_id_of, state_of, zone_of
from providers.gcp.labels import (
    AUTO_DELETE,
    BOOT,
    DEVICE,
    INSTANCE,
    TOKEN,
    fingerprint_of,
    to_label,
)
from providers.gcp.leftovers import delete_restore_disks
from providers.gcp.links import last_segment, link_path, self_link
from providers.gcp.operations import new_request_id, submit, wait_until_done
from providers.gcp.snapshot_parts import fetch_parts, to_instance_snapshot
from providers.gcp.state_errors import state_error
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference, InstanceState
from skyclust.model.snapshot import SnapshotState

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject


@dataclass(frozen=True)
class DiskReplacement:
    """A new disk, created from a snapshot, and the device of the disk that it replaces.

    `device` is the device name as a label value.
    """

    disk: str
    device: str
    boot: bool
    auto_delete: bool
    snapshot: str


def restore_snapshot(
    clients: GcpClients, instance: InstanceReference, snapshot_id: str, token: str
) -> bool:
    """Continue the restore of a snapshot; return whether it is complete.

    Raises NotFound for an unknown instance or snapshot, Conflict for a snapshot that is still
    being taken or an instance that is changing its state, and InvalidRequest for an instance
    that is not stopped or has a regional disk to be replaced.
    """
    vm = fetch_same_instance(clients, instance)
    parts = fetch_parts(clients, numeric_id_of(vm), snapshot_id)
    _require_available(instance, snapshot_id, parts)
    if state_of(vm) is not InstanceState.STOPPED:
        raise state_error(instance.region, vm, "restore", InstanceState.STOPPED)
    replacements = [to_replacement(vm, part, token) for part in parts]
    _refuse_regional_disks(instance.region, vm, replacements)
    ready = [_ensure_disk(clients, vm, replacement, token) for replacement in replacements]
    if not all(ready):
        return False
    for replacement in replacements:
        _replace_disk(clients, instance, replacement)
    if not delete_restore_disks(clients, zone_of(vm), numeric_id_of(vm)):
        return False
    for replacement in replacements:
        _remove_instance_label(clients, vm, replacement)
    return True


def _require_available(
    instance: InstanceReference, snapshot_id: str, parts: list[JsonObject]
) -> None:
    if not parts:
        raise NotFound(f"Instance {instance.id} has no snapshot {snapshot_id!r}.", provider="gcp")
    snapshot = to_instance_snapshot(instance.region, instance.id, parts)
    message = f"Snapshot {snapshot_id} of instance {instance.id} is {snapshot.native_state}"
    if snapshot.state is SnapshotState.PENDING:
        raise Conflict(
            f"{message}: it is not complete yet.", provider="gcp", code="resourceNotReady"
        )
    if snapshot.state is not SnapshotState.AVAILABLE:
        raise InvalidRequest(f"{message}.", provider="gcp")


def _refuse_regional_disks(
    region: str, vm: JsonObject, replacements: list[DiskReplacement]
) -> None:
    for replacement in replacements:
        old = attached_at(vm, replacement.device)
        if old is not None and "/regions/" in old["source"]:
            raise InvalidRequest(
                f"Could not restore instance {self_link(vm).name} in {region}: its disk"
                f" {last_segment(old['source'])} is a regional disk.",
                hint="Replace that disk by hand.",
                provider="gcp",
            )


def to_replacement(vm: JsonObject, part: JsonObject, token: str) -> DiskReplacement:
    """Return the replacement of one disk, as the labels of its snapshot describe it.

    Raises UnexpectedAnswer for a snapshot without a link or one of its labels.
    """
    labels = fields.labels(part)
    digest = sha256(f"{token}\n{self_link(part).name}".encode()).hexdigest()[:12]
    return DiskReplacement(
        disk=f"{self_link(vm).name[:48].rstrip('-')}-{digest}",
        device=fields.required_text(labels, DEVICE),
        boot=fields.required_text(labels, BOOT) == "true",
        auto_delete=fields.required_text(labels, AUTO_DELETE) == "true",
        snapshot=fields.required_text(part, "selfLink"),
    )


def _ensure_disk(
    clients: GcpClients, vm: JsonObject, replacement: DiskReplacement, token: str
) -> bool:
    """Return whether the new disk is READY; request it when it does not exist."""
    zone = zone_of(vm)
    doing = f"create disk {replacement.disk} in {zone} from a snapshot"
    try:
        disk = clients.get(f"zones/{zone}/disks/{replacement.disk}", doing, kind="disk")
    except NotFound:
        _insert_disk(clients, vm, replacement, token, doing)
        return False
    status = fields.required_text(disk, "status")
    if status == "FAILED":
        raise InvalidRequest(f"Could not {doing}: the disk has failed.", provider="gcp")
    return status == "READY"


def _insert_disk(
    clients: GcpClients, vm: JsonObject, replacement: DiskReplacement, token: str, doing: str
) -> None:
    zone, number = zone_of(vm), numeric_id_of(vm)
    body: dict[str, Any] = {
        "name": replacement.disk,
        "source_snapshot": replacement.snapshot,
        "labels": {INSTANCE: number, TOKEN: to_label(token)},
        "description": f"Restored to instance {self_link(vm).name}",
    }
    old = attached_at(vm, replacement.device)
    if old is not None:
        old_disk = clients.get(link_path(str(old["source"])), doing, kind="disk")
        body |= inherited_fields(old_disk)
        body["labels"] = {**fields.labels(old_disk), INSTANCE: number}
    request = {
        "project": clients.project,
        "zone": zone,
        "request_id": new_request_id(),
        "disk_resource": body,
    }
    submit(clients.disks().insert_unary, request, doing)


def inherited_fields(disk: JsonObject) -> dict[str, Any]:
    """Return the fields of a disk that its snapshot lacks: type, performance and KMS key.

    They are fields of the request body of disks.insert. Raises UnexpectedAnswer without a type.
    """
    inherited: dict[str, Any] = {"type_": fields.required_text(disk, "type")}
    if (iops := fields.integer(disk, "provisionedIops")) is not None:
        inherited["provisioned_iops"] = iops
    if (throughput := fields.integer(disk, "provisionedThroughput")) is not None:
        inherited["provisioned_throughput"] = throughput
    if key := fields.text(fields.inner(disk, "diskEncryptionKey"), "kmsKeyName"):
        # The name includes the key version that encrypts the disk; new disks use the primary one.
        inherited["disk_encryption_key"] = {"kms_key_name": key.partition("/cryptoKeyVersions/")[0]}
    return inherited


def _replace_disk(
    clients: GcpClients, instance: InstanceReference, replacement: DiskReplacement
) -> None:
    """Detach the old disk of a device and attach the new one; do nothing when that is done."""
    vm = fetch_same_instance(clients, instance)
    doing = f"exchange the disk {replacement.device} of instance {instance.id} in {instance.region}"
    client = clients.instances()
    device_name = replacement.device
    attached = attached_at(vm, replacement.device)
    if attached is not None:
        if last_segment(attached["source"]) == replacement.disk:
            return
        _add_instance_label(clients, vm, attached, doing)
        device_name = fields.required_text(attached, "deviceName")
        detach = {**instance_parameters(clients, vm), "device_name": device_name}
        wait_until_done(clients, submit(client.detach_disk_unary, detach, doing), doing)
    disk = {
        "source": f"projects/{clients.project}/zones/{zone_of(vm)}/disks/{replacement.disk}",
        "device_name": device_name,
        "boot": replacement.boot,
        "auto_delete": replacement.auto_delete,
    }
    attach = {**instance_parameters(clients, vm), "attached_disk_resource": disk}
    wait_until_done(clients, submit(client.attach_disk_unary, attach, doing), doing)


def _add_instance_label(
    clients: GcpClients, vm: JsonObject, attached: JsonObject, doing: str
) -> None:
    """Label an old disk with its instance before it is detached: no other record keeps it."""
    disk = clients.get(link_path(str(attached["source"])), doing, kind="disk")
    labels, number = fields.labels(disk), numeric_id_of(vm)
    if labels.get(INSTANCE) != number:
        _set_labels(clients, disk, {**labels, INSTANCE: number}, doing)


def _remove_instance_label(
    clients: GcpClients, vm: JsonObject, replacement: DiskReplacement
) -> None:
    """Remove the label from a new disk that is attached, so that it is not a leftover later."""
    doing = f"end the restore of disk {replacement.disk}"
    path = f"zones/{zone_of(vm)}/disks/{replacement.disk}"
    disk = clients.get(path, doing, kind="disk")
    labels = fields.labels(disk)
    if INSTANCE in labels:
        kept = {key: value for key, value in labels.items() if key != INSTANCE}
        _set_labels(clients, disk, kept, doing)


def _set_labels(clients: GcpClients, disk: JsonObject, labels: dict[str, str], doing: str) -> None:
    request = {
        "project": clients.project,
        "zone": self_link(disk).location,
        "resource": fields.required_text(disk, "id"),
        "request_id": new_request_id(),
        "zone_set_labels_request_resource": {
            "labels": labels,
            "label_fingerprint": fingerprint_of(disk),
        },
    }
    wait_until_done(clients, submit(clients.disks().set_labels_unary, request, doing), doing)


def attached_at(vm: JsonObject, device: str) -> JsonObject | None:
    """Return the persistent disk whose device name has a label value, None without such a disk."""
    disks = (disk for disk in fields.objects(vm, "disks") if fields.text(disk, "source"))
    names = ((disk, fields.required_text(disk, "deviceName")) for disk in disks)
    return next((disk for disk, name in names if to_label(name) == device), None)
