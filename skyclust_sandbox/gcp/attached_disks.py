"""Attached disks of instances: the entries of an instance's field `disks`."""

from __future__ import annotations

from dataclasses import dataclass

from skyclust_sandbox.gcp import disks
from skyclust_sandbox.gcp.links import Reference, name_in, path_in
from skyclust_sandbox.gcp.machine_types import series_of, supports_disk_type
from skyclust_sandbox.gcp.operations import require_ready
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.resources import SOURCE_FIELDS, require_name
from skyclust_sandbox.gcp.responses import (
    Resource,
    already_exists,
    in_use,
    invalid,
    refused,
    timestamp,
)


@dataclass(frozen=True)
class DiskToAttach:
    """A disk, existing or new, with the attachment that the request describes."""

    requested: Resource
    reference: Reference
    disk: Resource


def new_attached_disks(
    context: RequestContext, instance: Reference, machine_type: Resource
) -> list[Resource]:
    """Create and attach the disks of a new instance, and return its attached disks.

    Raises Refused for an invalid disk, before any disk is created.
    """
    requested = context.body.get("disks", [])
    if not requested or not requested[0].get("boot"):
        raise invalid("resource.disks", "", "At least one boot disk is required.")
    to_attach = []
    for number, body in enumerate(requested):
        field = f"resource.disks[{number}]"
        if "source" in body:
            mode = body.get("mode", "READ_WRITE")
            disk = attachable_disk(context, body, body["source"], mode, f"{field}.source")
        else:
            disk = _new_disk(
                context, instance, body, number=number, machine_type=machine_type, field=field
            )
        _require_architecture(disk.disk, machine_type, boot=bool(body.get("boot")))
        to_attach.append(disk)
    names = [disk.reference.name for disk in to_attach]
    for name in names:
        if names.count(name) > 1:
            raise already_exists(context.reference("disks", name).path)
    return [attach(context, instance, disk, number) for number, disk in enumerate(to_attach)]


def attach(
    context: RequestContext, instance: Reference, to_attach: DiskToAttach, index: int
) -> Resource:
    """Store a disk with the instance as its user, and return the attached disk."""
    disk, requested = to_attach.disk, to_attach.requested
    disks.store(context, to_attach.reference, disk)
    disk.setdefault("users", []).append(instance.link)
    disk["lastAttachTimestamp"] = timestamp()
    attached: Resource = {
        "kind": "compute#attachedDisk",
        "type": "PERSISTENT",
        "mode": requested.get("mode", "READ_WRITE"),
        "source": disk["selfLink"],
        "deviceName": requested.get("deviceName", f"persistent-disk-{index}"),
        "index": index,
        "boot": bool(requested.get("boot")),
        "autoDelete": bool(requested.get("autoDelete")),
        "interface": requested.get("interface", "SCSI"),
        "diskSizeGb": disk["sizeGb"],
    }
    return attached | {name: disk[name] for name in SOURCE_FIELDS if name in disk}


def attachable_disk(
    context: RequestContext, requested: Resource, source: str, mode: str, field: str
) -> DiskToAttach:
    """Return an existing disk to attach.

    Raises Refused for a disk of another zone, a disk under an operation, and one that another
    instance uses unless the mode is READ_ONLY.
    """
    reference = context.resolve_link(source, "disks", field)
    disk = context.state.get(reference)
    if reference.scope != context.scope:
        raise invalid(field, source, "The disk must be in the zone of the instance.")
    require_ready(context, reference)
    if mode != "READ_ONLY":
        for user in disk.get("users", ()):
            raise in_use(reference.path, path_in(user))
    return DiskToAttach(requested, reference, disk)


def _new_disk(
    context: RequestContext,
    instance: Reference,
    requested: Resource,
    *,
    number: int,
    machine_type: Resource,
    field: str,
) -> DiskToAttach:
    """Return a disk to create with an instance; the boot disk has the instance's name."""
    params = requested.get("initializeParams", {})
    default_name = instance.name if requested.get("boot") else f"{instance.name}-{number}"
    name = require_name(params.get("diskName", default_name), f"{field}.initializeParams.diskName")
    reference = context.reference("disks", name)
    if context.state.find(reference) is not None:
        raise already_exists(reference.path)
    if requested.get("boot") and not (params.get("sourceImage") or params.get("sourceSnapshot")):
        raise invalid(
            f"{field}.initializeParams.sourceImage", "", "A source of the boot disk is required."
        )
    disk_type = params.get("diskType")
    if disk_type is None:
        default_type = series_of(machine_type["name"]).disk_type
        disk_type = context.reference("diskTypes", default_type).link
    body = {
        **params,
        "sizeGb": params.get("diskSizeGb", requested.get("diskSizeGb")),
        "type": disk_type,
    }
    disk = disks.new_disk(context, reference, body, f"{field}.initializeParams")
    if not supports_disk_type(machine_type["name"], name_in(disk["type"])):
        message = (
            f"[{name_in(disk['type'])}] features and [machine_type: {machine_type['name']}] "
            "features are not compatible for creating instance."
        )
        raise refused(400, "invalid", message)
    return DiskToAttach(requested, reference, disk)


def _require_architecture(disk: Resource, machine_type: Resource, *, boot: bool) -> None:
    """Raise Refused for a boot disk of another architecture than the machine type's."""
    of_type, of_disk = machine_type["architecture"], disk.get("architecture", "X86_64")
    if boot and of_type != of_disk:
        message = (
            f"Requested boot disk architecture ({of_disk}) is not compatible with machine type "
            f"architecture ({of_type})."
        )
        raise refused(400, "invalid", message)
