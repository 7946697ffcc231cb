"""The block device mapping of servers: volumes, snapshots, images and blank volumes.

Source: https://docs.openstack.org/nova/latest/user/block-device-mapping.html
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Image, Region, Server, Volume
from skyclust_sandbox.openstack.volume.attachments import attach
from skyclust_sandbox.openstack.volume.volume_records import make_volume

_INVALID = "Block Device Mapping is Invalid"


@dataclass(frozen=True)
class Device:
    """One volume of a new server. `size` is in GiB; `source_id` is empty for a blank volume."""

    source: str
    source_id: str
    size: int
    boot_index: int | None
    delete_on_termination: bool
    volume_type: str | None
    tag: str | None


def read_devices(context: Context, mapping: list[Any], image: Image | None) -> list[Device]:
    """Return the volumes of a block device mapping, and those of the image's own mapping.

    Entries for local disks are skipped. Refuses with 400 invalid entries, and without an image any
    number of boot devices other than one.
    """
    mapped = json.loads(image.properties.get("block_device_mapping", "[]")) if image else []
    entries = [*mapped, *mapping]
    devices = [
        _read(context, entry) for entry in entries if entry.get("destination_type") != "local"
    ]
    boots = [entry for entry in entries if entry.get("boot_index") in (0, "0")]
    if image is None and len(boots) != 1:
        raise context.refused(
            400,
            f"{_INVALID}: Boot sequence for the instance and image/block device mapping"
            " combination is not valid.",
        )
    return devices


def _read(context: Context, entry: Any) -> Device:
    source = entry.get("source_type", "volume")
    source_id = str(entry.get("uuid") or entry.get("volume_id") or entry.get("snapshot_id") or "")
    size = int(entry.get("volume_size") or 0)
    boot_index = entry.get("boot_index")
    device = Device(
        source=source,
        source_id=source_id,
        size=size or _size_of(context.region, source, source_id),
        boot_index=None if boot_index in (None, "", -1, "-1") else int(boot_index),
        delete_on_termination=bool(entry.get("delete_on_termination", False)),
        volume_type=entry.get("volume_type"),
        tag=entry.get("tag"),
    )
    _check(context, device)
    if source in {"image", "blank"} and not size:
        kind = "Images" if source == "image" else "Blank volumes"
        raise context.refused(
            400,
            f"{_INVALID}: {kind} with destination_type 'volume' need to have a non-zero size"
            " specified",
        )
    return device


def _size_of(region: Region, source: str, source_id: str) -> int:
    if source == "volume" and source_id in region.volumes:
        return region.volumes[source_id].size
    if source == "snapshot" and source_id in region.snapshots:
        return region.snapshots[source_id].size
    return 0


def _check(context: Context, device: Device) -> None:
    region = context.region
    known: Mapping[str, Collection[str]] = {
        "volume": region.volumes,
        "snapshot": region.snapshots,
        "image": region.images,
        "blank": {""},
    }
    if device.source_id not in known.get(device.source, ()):
        raise context.refused(400, f"{_INVALID}: failed to get {device.source} {device.source_id}.")
    if device.source == "image":
        image = region.images[device.source_id]
        if 0 < device.size < image.min_disk:
            raise context.refused(
                400,
                "Volume is smaller than the minimum size specified in image metadata. Volume size"
                f" is {device.size << 30} bytes, minimum size is {image.min_disk << 30} bytes.",
            )
    if device.source == "volume":
        volume = region.volumes[device.source_id]
        if volume.status != "available":
            raise context.refused(
                400,
                f"Invalid volume: Volume {volume.id} status must be available or downloading to"
                f" reserve, but the current status is {volume.status}.",
            )
        if device.boot_index == 0 and not volume.bootable:
            raise context.refused(400, f"{_INVALID}: Block Device {volume.id} is not bootable.")


def reserve_volumes(region: Region, server: Server, devices: list[Device]) -> None:
    """Reserve the existing volumes of a server that is being built."""
    for device in devices:
        if device.source == "volume":
            region.volumes[device.source_id].status = "reserved"
            server.reserved_volume_ids.add(device.source_id)


def release_volumes(region: Region, devices: list[Device]) -> None:
    """Release reserved volumes of a server that could not be built."""
    for device in devices:
        volume = region.volumes.get(device.source_id) if device.source == "volume" else None
        if volume is not None and volume.status == "reserved":
            volume.status = "available"


def attach_devices(region: Region, server: Server, devices: list[Device]) -> None:
    """Create the new volumes of a server, and attach them and the existing ones."""
    for device in devices:
        volume = _volume(region, server, device)
        volume.status = "attaching" if device.source == "volume" else "creating"
        attach(
            server,
            volume,
            delete_on_termination=device.delete_on_termination,
            boot_index=device.boot_index,
            tag=device.tag,
        )


def _volume(region: Region, server: Server, device: Device) -> Volume:
    if device.source == "volume":
        return region.volumes[device.source_id]
    return make_volume(
        region,
        server.project_id,
        server.user_id,
        device.size,
        zone=server.zone,
        volume_type=device.volume_type,
        image=region.images.get(device.source_id),
        snapshot=region.snapshots.get(device.source_id),
    )
