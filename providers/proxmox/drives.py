"""Drives: what the keys of a configuration say about a machine's disks. No calls here.

A disk is known by its volume: `ceph:vm-101-disk-0` on a storage that all nodes share, with the
node before it, `pve1/local-lvm:vm-101-disk-0`, where each node has its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.fields import missing, to_text

if TYPE_CHECKING:
    from providers.proxmox.guests import Machine

DRIVE: Final = re.compile(r"(?:scsi|virtio|sata|ide)\d+|efidisk0|tpmstate0|rootfs|mp\d+")
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)")
_UNITS: Final = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_BOOT_DEVICES: Final = ("scsi0", "virtio0", "sata0", "ide0")
GIB: Final = 1024**3

DATA_SLOTS: Final = tuple(f"scsi{number}" for number in range(1, 31))
"""Where data disks of machines go; `scsi0` is for the boot disk."""

MOUNT_SLOTS: Final = tuple(f"mp{number}" for number in range(256))
"""Where data volumes of containers go."""


@dataclass(frozen=True)
class Drive:
    """One disk of a machine. `size` is in bytes, None where the configuration names none."""

    slot: str
    volume: str
    size: int | None


def drives(config: Mapping[str, Any]) -> Iterator[Drive]:
    """Yield the disks that a configuration has in use, by slot; CDs and cloud-init are none.

    Raises UnexpectedAnswer for a drive that does not tell what is in it: a disk would seem to be
    in use by nobody.
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
    """Return a size as a configuration writes it, `32G`, in bytes; None for what is no size."""
    found = _SIZE.fullmatch(text)
    return int(float(found[1]) * _UNITS[found[2]]) if found else None


def total_bytes(config: Mapping[str, Any]) -> int | None:
    """Return the size of all disks of a configuration; None when one of them is unknown."""
    sizes = [drive.size for drive in drives(config)]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def boot_slot(config: Mapping[str, Any]) -> str | None:
    """Return the slot that a machine starts from, None where no disk can be told."""
    in_use = [drive.slot for drive in drives(config)]
    if "rootfs" in in_use:
        return "rootfs"
    order = (to_text(config.get("boot")) or "").partition("order=")[2].split(",")[0].split(";")
    for slot in (*order, to_text(config.get("bootdisk")), *_BOOT_DEVICES):
        if slot in in_use:
            return slot
    return None


def has_cloudinit(config: Mapping[str, Any]) -> bool:
    """Return whether a machine has the drive that cloud-init reads."""
    return any("cloudinit" in split(config[key])[0] for key in config if DRIVE.fullmatch(key))


def disk_id(volume: str, node: str, shared: frozenset[str]) -> str:
    """Return the id of a disk that a node knows by its volume."""
    storage = volume.partition(":")[0]
    return volume if storage in shared else f"{node}/{volume}"


def disk_ids(machine: Machine) -> list[str]:
    """Return the ids of a machine's disks, the boot disk first, then by slot."""
    first = boot_slot(machine.config)
    found = sorted(drives(machine.config), key=lambda one: (one.slot != first, _in_order(one.slot)))
    return [disk_id(drive.volume, machine.place.node, machine.shared) for drive in found]


def _in_order(slot: str) -> tuple[str, int]:
    name = slot.rstrip("0123456789")
    return name, int(slot[len(name) :] or 0)
