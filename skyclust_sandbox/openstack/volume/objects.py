"""Volumes as cinder keeps them, and what joins one to a server."""

from __future__ import annotations

import uuid

from skyclust_sandbox.openstack.state import (
    Attachment,
    Image,
    Region,
    Server,
    Volume,
    VolumeSnapshot,
)
from skyclust_sandbox.openstack.wire import now

VOLUME_TYPES = ("ssd", "hdd")
"""The types there are; the first one is taken when none is asked for."""


def make_volume(
    region: Region,
    project_id: str,
    user_id: str,
    size: int,
    *,
    name: str = "",
    zone: str | None = None,
    volume_type: str | None = None,
    status: str = "creating",
    image: Image | None = None,
    snapshot: VolumeSnapshot | None = None,
    source: Volume | None = None,
) -> Volume:
    """Put a volume into a region and return it; it has the content of what it is made from."""
    moment = now()
    volume = Volume(
        id=str(uuid.uuid4()),
        name=name,
        project_id=project_id,
        user_id=user_id,
        size=size,
        created=moment,
        updated=moment,
        zone=zone or region.zones[0],
        status=status,
        volume_type=volume_type or VOLUME_TYPES[0],
    )
    if image is not None:
        put_image(volume, image)
    if snapshot is not None:
        origin = region.volumes.get(snapshot.volume_id)
        volume.snapshot_id, volume.content = snapshot.id, snapshot.content
        volume.bootable = origin is not None and origin.bootable
        volume.image_metadata = {} if origin is None else dict(origin.image_metadata)
    if source is not None:
        volume.source_volume_id, volume.content = source.id, source.content
        volume.bootable, volume.image_metadata = source.bootable, dict(source.image_metadata)
    region.volumes[volume.id] = volume
    return volume


def put_image(volume: Volume, image: Image) -> None:
    """Let a volume have what is in an image."""
    volume.image_id, volume.content, volume.bootable = image.id, image.content, True
    volume.image_metadata = {
        "image_id": image.id,
        "image_name": image.name,
        "container_format": image.container_format or "bare",
        "disk_format": image.disk_format or "raw",
        "min_disk": str(image.min_disk),
        "min_ram": str(image.min_ram),
        "size": str(image.size or 0),
        **image.properties,
    }


def join(
    server: Server,
    volume: Volume,
    *,
    delete_on_termination: bool,
    boot_index: int | None = None,
    device: str | None = None,
    tag: str | None = None,
) -> Attachment:
    """Give a volume to a server and return how it is attached; its status is the caller's."""
    attachment = Attachment(
        id=str(uuid.uuid4()),
        volume_id=volume.id,
        server_id=server.id,
        device=device or _free_device(server, boot_index),
        delete_on_termination=delete_on_termination,
        attached_at=now(),
        boot_index=boot_index,
        tag=tag,
    )
    server.attachments.append(attachment)
    volume.attachments.append(attachment)
    volume.updated = now()
    return attachment


def part(region: Region, server: Server, attachment: Attachment) -> None:
    """Take a volume from a server; it is free again when no other server has it."""
    server.attachments.remove(attachment)
    volume = region.volumes.get(attachment.volume_id)
    if volume is not None:
        volume.attachments.remove(attachment)
        if not volume.attachments:
            volume.status = "available"
        volume.updated = now()


def _free_device(server: Server, boot_index: int | None) -> str:
    if boot_index == 0:
        return "/dev/vda"
    used = {one.device for one in server.attachments}
    return next(
        f"/dev/vd{letter}"
        for letter in "bcdefghijklmnopqrstuvwxyz"
        if f"/dev/vd{letter}" not in used
    )
