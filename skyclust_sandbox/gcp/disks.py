"""The methods of disks: insert, from an image or a snapshot or empty, delete and resize."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from skyclust_sandbox.gcp.images import image_from_link
from skyclust_sandbox.gcp.links import Reference, name_in, path_in, read_link, scope_link
from skyclust_sandbox.gcp.machine_types import DISK_TYPES
from skyclust_sandbox.gcp.operations import require_ready, start_operation
from skyclust_sandbox.gcp.quotas import disk_quota_failure
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.resources import (
    SOURCE_FIELDS,
    new_reference,
    new_resource,
    require_labels,
    with_labels,
)
from skyclust_sandbox.gcp.responses import Resource, in_use, invalid

_LARGEST_GIB: Final = 65_536
_DEFAULT_GIB: Final = 500
_BODY_FIELDS: Final = (
    "description",
    "provisionedIops",
    "provisionedThroughput",
    "resourcePolicies",
)


def insert(context: RequestContext) -> Resource:
    """Start the operation that creates a disk."""
    reference = new_reference(context, "disks")
    body = dict(context.body)
    if "sourceImage" in context.query:
        body["sourceImage"] = context.query["sourceImage"]
    disk = new_disk(context, reference, body, "resource")
    failure = context.failure or disk_quota_failure(context.project, context.path["zone"], disk)
    store(context, reference, disk)
    return start_operation(
        context,
        "insert",
        reference,
        disk["id"],
        finish=lambda: disk.update(status="READY"),
        undo=lambda: remove(context, reference),
        failure=failure,
    )


def delete(context: RequestContext) -> Resource:
    """Start the operation that deletes a disk; raises Refused while an instance uses it."""
    reference = context.reference("disks", context.path["disk"])
    disk = context.state.get(reference)
    for user in disk.get("users", ()):
        raise in_use(reference.path, path_in(user))
    require_ready(context, reference)
    disk["status"] = "DELETING"

    def undo() -> None:
        disk["status"] = "READY"

    return start_operation(
        context,
        "delete",
        reference,
        disk["id"],
        finish=lambda: remove(context, reference),
        undo=undo,
    )


def resize(context: RequestContext) -> Resource:
    """Start the operation that enlarges a disk; raises Refused unless the size increases."""
    reference = context.reference("disks", context.path["disk"])
    disk = context.state.get(reference)
    size = context.body.get("sizeGb", "0")
    if int(size) <= int(disk["sizeGb"]):
        raise invalid("sizeGb", size, f"New disk size must be larger than {disk['sizeGb']} GB.")
    require_ready(context, reference)

    def finish() -> None:
        disk["sizeGb"] = str(size)
        for link in disk.get("users", ()):
            _update_attached_size(context, link, disk)

    return start_operation(context, "resizeDisk", reference, disk["id"], finish=finish)


def new_disk(
    context: RequestContext, reference: Reference, body: Mapping[str, Any], field: str
) -> Resource:
    """Return a requested disk with the status CREATING; it is not stored.

    Links in the body may be full or partial; `field` is the request field of the body, which
    errors name.
    """
    require_labels(body.get("labels", {}), f"{field}.labels")
    source = _source(context, body, field)
    disk = new_resource(context.state, reference, "compute#disk")
    disk |= {name: body[name] for name in _BODY_FIELDS if name in body}
    disk |= {
        "status": "CREATING",
        "sizeGb": _size(body.get("sizeGb"), source, f"{field}.sizeGb"),
        "type": _disk_type_link(context, body.get("type"), reference, f"{field}.type"),
        "zone": scope_link(context.project.name, reference.scope),
        "physicalBlockSizeBytes": "4096",
        "enableConfidentialCompute": False,
    }
    if source is not None:
        source_field = "sourceImage" if source["kind"] == "compute#image" else "sourceSnapshot"
        disk |= {source_field: source["selfLink"], f"{source_field}Id": source["id"]}
        disk |= {name: source[name] for name in SOURCE_FIELDS if name in source}
        context.state.contents[disk["id"]] = context.state.contents.get(source["id"], "")
    return with_labels(disk, body.get("labels"))


def store(context: RequestContext, reference: Reference, disk: Resource) -> None:
    """Store a disk in the caller's project."""
    context.project.collection("disks", reference.scope)[reference.name] = disk


def remove(context: RequestContext, reference: Reference) -> None:
    """Remove a disk and its content, if it exists."""
    disk = context.project.collection("disks", reference.scope).pop(reference.name, None)
    if disk is not None:
        context.state.contents.pop(disk["id"], None)


def _disk_type_link(
    context: RequestContext, text: str | None, reference: Reference, field: str
) -> str:
    """Return the self link of a disk type, by default pd-standard.

    Raises Refused for a disk type that the zone does not offer.
    """
    if text is None:
        text = Reference(context.project.name, reference.scope, "diskTypes", "pd-standard").link
    disk_type = read_link(text, context.project.name, "diskTypes", field)
    if disk_type.name not in DISK_TYPES or disk_type.scope != reference.scope:
        message = f"Disk type with name '{disk_type.name}' does not exist in {reference.scope}."
        raise invalid(field, text, message)
    return disk_type.link


def _source(context: RequestContext, body: Mapping[str, Any], field: str) -> Resource | None:
    """Return the image or snapshot that a disk is created from, None for an empty disk."""
    project = context.project.name
    if body.get("sourceImage"):
        return image_from_link(context.state, project, body["sourceImage"], f"{field}.sourceImage")
    if body.get("sourceSnapshot"):
        reference = read_link(
            body["sourceSnapshot"], project, "snapshots", f"{field}.sourceSnapshot"
        )
        snapshot = context.state.get(reference)
        require_ready(context, reference)
        return snapshot
    return None


def _size(text: object, source: Resource | None, field: str) -> str:
    """Return the size of a new disk in GB, by default that of its source."""
    least = int(source["diskSizeGb"]) if source is not None else 1
    if text is None:
        return str(least if source is not None else _DEFAULT_GIB)
    size = int(str(text))
    if size < least:
        message = f"Requested disk size cannot be smaller than the source's size ({least} GB)."
        raise invalid(field, text, message)
    if size > _LARGEST_GIB:
        raise invalid(field, text, f"Disk size cannot be larger than {_LARGEST_GIB} GB.")
    return str(size)


def _update_attached_size(context: RequestContext, instance_link: str, disk: Resource) -> None:
    """Copy the size of a disk to the attached disk of an instance."""
    scope = "zones/" + name_in(disk["zone"])
    instance = context.project.collection("instances", scope).get(name_in(instance_link))
    for attached in instance["disks"] if instance is not None else ():
        if attached["source"] == disk["selfLink"]:
            attached["diskSizeGb"] = disk["sizeGb"]
