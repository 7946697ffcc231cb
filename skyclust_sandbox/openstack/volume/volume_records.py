"""New volumes and their initial content."""

from __future__ import annotations

import uuid

from skyclust_sandbox.openstack.state import Image, Region, Volume, VolumeSnapshot
from skyclust_sandbox.openstack.volume.volume_types import VOLUME_TYPES
from skyclust_sandbox.openstack.wire import now


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
    """Create a volume and return it, with the content of its image, snapshot or source volume."""
    created = now()
    volume = Volume(
        id=str(uuid.uuid4()),
        name=name,
        project_id=project_id,
        user_id=user_id,
        size=size,
        created=created,
        updated=created,
        zone=zone or region.zones[0],
        status=status,
        volume_type=volume_type or VOLUME_TYPES[0],
    )
    if image is not None:
        write_image(volume, image)
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


def write_image(volume: Volume, image: Image) -> None:
    """Write an image to a volume."""
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
