"""Volumes: listing, making, changing, removing.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes
"""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.image.visibility import is_visible
from skyclust_sandbox.openstack.state import Image, Region, Volume, VolumeSnapshot
from skyclust_sandbox.openstack.volume.lists import answer_list
from skyclust_sandbox.openstack.volume.lookups import find_snapshot, find_volume
from skyclust_sandbox.openstack.volume.quotas import require_room
from skyclust_sandbox.openstack.volume.views import brief, volume_view
from skyclust_sandbox.openstack.volume.volume_records import make_volume
from skyclust_sandbox.openstack.volume.volume_types import VOLUME_TYPES
from skyclust_sandbox.openstack.wire import empty, is_true, now, reply

_REMOVABLE = {"available", "error", "error_restoring", "error_extending", "error_managing"}


def list_volumes(context: Context) -> Response:
    """Return a page of volumes, brief."""
    found = list(context.region.volumes.values())
    return answer_list(
        context, "volumes", "volumes", found, lambda one: brief(context, "volumes", one)
    )


def list_volumes_detailed(context: Context) -> Response:
    """Return a page of volumes in full."""
    found = list(context.region.volumes.values())
    return answer_list(
        context, "volumes", "volumes/detail", found, lambda one: volume_view(context, one)
    )


def get_volume(context: Context) -> Response:
    """Return a volume; 404 when there is none, or no more."""
    return reply({"volume": volume_view(context, find_volume(context))})


def create_volume(context: Context) -> Response:
    """Begin a volume: empty, or of a snapshot, an image or another volume: 202."""
    asked = context.body("volume")
    snapshot = find_snapshot(context, asked["snapshot_id"]) if asked.get("snapshot_id") else None
    source = find_volume(context, asked["source_volid"]) if asked.get("source_volid") else None
    image = _image(context, asked.get("imageRef"))
    size = _size(context, asked.get("size"), snapshot or source, image)
    zone = asked.get("availability_zone")
    if zone is not None and zone not in context.region.zones:
        raise context.refused(400, f"Availability zone '{zone}' is invalid.")
    volume_type = asked.get("volume_type")
    if volume_type is not None and volume_type not in VOLUME_TYPES:
        raise context.refused(404, f"Volume type {volume_type} could not be found.")
    require_room(context, size)
    volume = make_volume(
        context.region,
        context.project_id,
        context.token.user.id,
        size,
        name=asked.get("name") or "",
        zone=zone,
        volume_type=volume_type,
        image=image,
        snapshot=snapshot,
        source=source,
    )
    volume.description = asked.get("description")
    volume.metadata = dict(asked.get("metadata") or {})

    def finish() -> None:
        volume.status = "available" if not context.fails else "error"
        volume.updated = now()

    context.later(volume.id, finish)
    return reply({"volume": volume_view(context, volume)}, 202)


def update_volume(context: Context) -> Response:
    """Change a volume's name, description or metadata and return it."""
    volume = find_volume(context)
    asked = context.body("volume")
    volume.name = asked.get("name", volume.name)
    volume.description = asked.get("description", volume.description)
    volume.metadata = dict(asked.get("metadata", volume.metadata))
    volume.updated = now()
    return reply({"volume": volume_view(context, volume)})


def delete_volume(context: Context) -> Response:
    """Begin the end of a volume; with its snapshots when `cascade` asks for that."""
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

    context.later(volume.id, finish)
    return empty(202)


def snapshots_of(region: Region, volume: Volume) -> list[VolumeSnapshot]:
    """Return the snapshots of a volume, which keep it from being deleted."""
    return [one for one in region.snapshots.values() if one.volume_id == volume.id]


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
    context: Context, asked: Any, origin: Volume | VolumeSnapshot | None, image: Image | None
) -> int:
    if asked is None and origin is not None:
        return origin.size
    if not str(asked).isdigit() or int(asked) < 1:
        raise context.refused(
            400,
            f"Invalid input for field/attribute size. Value: {asked}. {asked!r} is not an integer"
            " greater than 0.",
        )
    size = int(asked)
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
