"""Volumes: list, show, create, update, delete.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes
"""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.image.visibility import is_visible
from skyclust_sandbox.openstack.state import Image, Region, Volume, VolumeSnapshot
from skyclust_sandbox.openstack.volume.lists import list_reply
from skyclust_sandbox.openstack.volume.lookups import find_snapshot, find_volume
from skyclust_sandbox.openstack.volume.quotas import require_quota
from skyclust_sandbox.openstack.volume.views import brief_view, volume_view
from skyclust_sandbox.openstack.volume.volume_records import make_volume
from skyclust_sandbox.openstack.volume.volume_types import VOLUME_TYPES
from skyclust_sandbox.openstack.wire import empty, is_true, now, reply

_REMOVABLE = {"available", "error", "error_restoring", "error_extending", "error_managing"}


def list_volumes(context: Context) -> Response:
    """Return a page of volumes with their names only."""
    volumes = list(context.region.volumes.values())
    return list_reply(
        context,
        "volumes",
        "volumes",
        volumes,
        lambda volume: brief_view(context, "volumes", volume),
    )


def list_volumes_detailed(context: Context) -> Response:
    """Return a page of volumes with all attributes."""
    volumes = list(context.region.volumes.values())
    return list_reply(
        context, "volumes", "volumes/detail", volumes, lambda volume: volume_view(context, volume)
    )


def get_volume(context: Context) -> Response:
    """Return a volume; 404 when it does not exist or is deleted."""
    return reply({"volume": volume_view(context, find_volume(context))})


def create_volume(context: Context) -> Response:
    """Start a volume, blank or from a snapshot, an image or another volume: 202."""
    body = context.body("volume")
    snapshot = find_snapshot(context, body["snapshot_id"]) if body.get("snapshot_id") else None
    source = find_volume(context, body["source_volid"]) if body.get("source_volid") else None
    image = _image(context, body.get("imageRef"))
    size = _size(context, body.get("size"), snapshot or source, image)
    zone = body.get("availability_zone")
    if zone is not None and zone not in context.region.zones:
        raise context.refused(400, f"Availability zone '{zone}' is invalid.")
    volume_type = body.get("volume_type")
    if volume_type is not None and volume_type not in VOLUME_TYPES:
        raise context.refused(404, f"Volume type {volume_type} could not be found.")
    require_quota(context, size)
    volume = make_volume(
        context.region,
        context.project_id,
        context.token.user.id,
        size,
        name=body.get("name") or "",
        zone=zone,
        volume_type=volume_type,
        image=image,
        snapshot=snapshot,
        source=source,
    )
    volume.description = body.get("description")
    volume.metadata = dict(body.get("metadata") or {})

    def finish() -> None:
        volume.status = "available" if not context.fails else "error"
        volume.updated = now()

    context.schedule(volume.id, finish)
    return reply({"volume": volume_view(context, volume)}, 202)


def update_volume(context: Context) -> Response:
    """Set the name, description or metadata of a volume and return it."""
    volume = find_volume(context)
    body = context.body("volume")
    volume.name = body.get("name", volume.name)
    volume.description = body.get("description", volume.description)
    volume.metadata = dict(body.get("metadata", volume.metadata))
    volume.updated = now()
    return reply({"volume": volume_view(context, volume)})


def delete_volume(context: Context) -> Response:
    """Start the deletion of a volume, with `cascade` also of its snapshots: 202."""
    volume = find_volume(context)
    region = context.region
    cascade = is_true(context.request.args.get("cascade", ""))
    if volume.status not in _REMOVABLE or (snapshots_of(region, volume) and not cascade):
        raise context.refused(
            400,
            "Invalid volume: Volume status must be available or error or error_restoring or"
            " error_extending or error_managing and must not be migrating, attached, belong to a"
            " group, have snapshots, awaiting a transfer, or be disassociated from snapshots after"
            " volume transfer.",
        )
    volume.status = "deleting"

    def finish() -> None:
        if context.fails:
            volume.status = "error_deleting"
            return
        for snapshot in snapshots_of(region, volume):
            del region.snapshots[snapshot.id]
        region.volumes.pop(volume.id, None)

    context.schedule(volume.id, finish)
    return empty(202)


def snapshots_of(region: Region, volume: Volume) -> list[VolumeSnapshot]:
    """Return the snapshots of a volume.

    A volume with snapshots cannot be deleted without `cascade`.
    """
    return [snapshot for snapshot in region.snapshots.values() if snapshot.volume_id == volume.id]


def _image(context: Context, image_id: Any) -> Image | None:
    if not image_id:
        return None
    image = context.region.images.get(str(image_id))
    if image is None or not is_visible(context, image):
        raise context.refused(
            400, f"Invalid image identifier or unable to access requested image: {image_id}"
        )
    return image


def _size(
    context: Context, body: Any, origin: Volume | VolumeSnapshot | None, image: Image | None
) -> int:
    if body is None and origin is not None:
        return origin.size
    if not str(body).isdigit() or int(body) < 1:
        raise context.refused(
            400,
            f"Invalid input for field/attribute size. Value: {body}. {body!r} is not an integer"
            " greater than 0.",
        )
    size = int(body)
    if origin is not None and size < origin.size:
        raise context.refused(
            400,
            f"Invalid input received: Volume size {size}GB cannot be smaller than the size"
            f" {origin.size}GB of what it is made from. They must be >= original volume size.",
        )
    if image is not None and size < image.min_disk:
        raise context.refused(
            400,
            f"Invalid input received: Volume size {size}GB cannot be smaller than the image"
            f" minDisk size {image.min_disk}GB.",
        )
    return size
