"""Drives: the disks in a guest's configuration. Only pure functions.

The id of a disk is its volume id, `ceph:vm-101-disk-0`, on a storage that all nodes share, and is
prefixed by the node, `pve1/local-lvm:vm-101-disk-0`, on local storage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.fields import missing, to_text

if TYPE_CHECKING:
    from providers.proxmox.guest_records import Guest

DRIVE: Final = re.compile(r"(?:scsi|virtio|sata|ide)\d+|efidisk0|tpmstate0|rootfs|mp\d+")
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)")
_UNITS: Final = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_BOOT_DEVICES: Final = ("scsi0", "virtio0", "sata0", "ide0")
GIB: Final = 1024**3

DATA_SLOTS: Final = tuple(f"scsi{number}" for number in range(1, 31))
"""The slots for data disks of VMs; `scsi0` is for the boot disk."""

MOUNT_SLOTS: Final = tuple(f"mp{number}" for number in range(256))
"""The slots for data volumes of containers."""


@dataclass(frozen=True)
class Drive:
    """One disk of a guest. `size` is in bytes, None when the configuration has no size."""

    slot: str
    volume: str
    size: int | None


def drives(config: Mapping[str, Any]) -> Iterator[Drive]:
    """Yield the disks of a configuration by slot, without CDs and the drive of cloud-init.

    Raises UnexpectedAnswer for a drive without a volume: its disk would appear to be unused.
    """
    for slot in sorted(config):
        if DRIVE.fullmatch(slot):
            if to_text(config[slot]) is None:
                raise missing(slot)
            volume, options = split(config[slot])
            if options.get("media") != "cdrom" and _is_volume(volume):
                yield Drive(slot, volume, to_bytes(options.get("size", "")))


def split(value: Any) -> tuple[str, dict[str, str]]:
    """Return the volume and the options of a drive's value."""
    volume, *options = (to_text(value) or "").split(",")
    for prefix in ("file=", "volume="):
        volume = volume.removeprefix(prefix)
    return volume, dict(option.partition("=")[::2] for option in options)


def _is_volume(volume: str) -> bool:
    return ":" in volume and not volume.endswith("-cloudinit") and not volume.startswith("/")


def to_bytes(text: str) -> int | None:
    """Return a size of a configuration, such as `32G`, in bytes; None for any other text."""
    match = _SIZE.fullmatch(text)
    return int(float(match[1]) * _UNITS[match[2]]) if match else None


def total_bytes(config: Mapping[str, Any]) -> int | None:
    """Return the total size of the disks of a configuration; None when a size is unknown."""
    sizes = [drive.size for drive in drives(config)]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def boot_slot(config: Mapping[str, Any]) -> str | None:
    """Return the slot of the disk that a guest boots from, None when it is unknown."""
    in_use = [drive.slot for drive in drives(config)]
    if "rootfs" in in_use:
        return "rootfs"
    order = (to_text(config.get("boot")) or "").partition("order=")[2].split(",")[0].split(";")
    for slot in (*order, to_text(config.get("bootdisk")), *_BOOT_DEVICES):
        if slot in in_use:
            return slot
    return None


def has_cloudinit(config: Mapping[str, Any]) -> bool:
    """Return whether a guest has the drive that cloud-init reads."""
    return any("cloudinit" in split(config[key])[0] for key in config if DRIVE.fullmatch(key))


def to_disk_id(volume: str, node: str, shared: frozenset[str]) -> str:
    """Return the id of a disk from its volume id on a node."""
    storage = volume.partition(":")[0]
    return volume if storage in shared else f"{node}/{volume}"


def disk_ids(guest: Guest) -> list[str]:
    """Return the ids of a guest's disks, the boot disk first, then by slot."""
    first = boot_slot(guest.config)
    ordered = sorted(
        drives(guest.config), key=lambda drive: (drive.slot != first, _slot_key(drive.slot))
    )
    return [to_disk_id(drive.volume, guest.location.node, guest.shared) for drive in ordered]


def _slot_key(slot: str) -> tuple[str, int]:
    name = slot.rstrip("0123456789")
    return name, int(slot[len(name) :] or 0)
