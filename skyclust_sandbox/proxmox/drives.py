"""Drives: reading and writing values such as `scsi0` or `rootfs`, and creating their volumes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Final

from skyclust_sandbox.proxmox.replies import TaskFailed
from skyclust_sandbox.proxmox.state import GIB, MIB, Cluster, Guest, Value, Volume

DISK: Final = re.compile(r"(scsi|virtio|sata|ide)\d+|efidisk0|tpmstate0|rootfs|mp\d+|unused\d+")
_SIZE: Final = re.compile(r"(\d+)([KMGT]?)")
_UNITS: Final = {"": 1, "K": 1024, "M": MIB, "G": GIB, "T": 1024 * GIB}


def parse(value: Value) -> tuple[str, dict[str, str]]:
    """Return the volume of a drive's value, and its options."""
    volid, *options = str(value).split(",")
    pairs = (option.partition("=") for option in options)
    if volid.startswith("volume="):
        volid = volid.removeprefix("volume=")
    return volid, {key: text for key, _, text in pairs}


def to_value(volid: str, options: dict[str, str]) -> str:
    """Return the value of a drive."""
    return ",".join([volid, *(f"{key}={text}" for key, text in options.items())])


def to_bytes(text: str) -> int:
    """Return a size with its unit in bytes."""
    match = _SIZE.fullmatch(text)
    return int(match[1]) * _UNITS[match[2]] if match else 0


def to_text(size: int) -> str:
    """Return a size in the form of a configuration."""
    return f"{size // GIB}G" if size % GIB == 0 else f"{size // MIB}M"


def disks(config: dict[str, Value]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield key, volume and options of each disk, without CD drives."""
    for key, value in sorted(config.items()):
        if DISK.fullmatch(key):
            volid, options = parse(value)
            if options.get("media") != "cdrom" and ":" in volid:
                yield key, volid, options


def allocate(
    cluster: Cluster, guest: Guest, storage: str, size: int, *, stem: str = "vm"
) -> Volume:
    """Create a volume that a guest owns; raises TaskFailed when the storage is full."""
    if cluster.free(storage, guest.node) < size:
        kind = cluster.storages[storage].type
        raise TaskFailed(f"unable to allocate image on '{storage}': {kind} no space left on device")
    location = cluster.location_of(storage, guest.node)
    number = 0
    while (location, f"{storage}:vm-{guest.vmid}-disk-{number}") in cluster.volumes:
        number += 1
    content = "images" if guest.kind == "qemu" else "rootdir"
    return cluster.add_volume(
        Volume(
            storage=storage,
            node=location,
            name=f"vm-{guest.vmid}-disk-{number}",
            size=size,
            content=content,
            format="raw",
            ctime=int(time.time()),
            vmid=guest.vmid,
        )
    )


def cloudinit(cluster: Cluster, guest: Guest, storage: str) -> str:
    """Create the small volume that cloud-init reads, and return the value of its drive."""
    name = f"vm-{guest.vmid}-cloudinit"
    volume = Volume(
        storage, cluster.location_of(storage, guest.node), name, 4 * MIB, "images", "raw",
        int(time.time()), guest.vmid,
    )  # fmt: skip
    if (volume.node, volume.volid) not in cluster.volumes:
        cluster.add_volume(volume)
    return f"{volume.volid},media=cdrom,size=4M"


def owned(cluster: Cluster, vmid: int) -> list[Volume]:
    """Return the volumes that a guest owns."""
    return [volume for volume in cluster.volumes.values() if volume.vmid == vmid]
