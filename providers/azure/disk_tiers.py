"""The tiers of managed disks: a disk is charged as the smallest tier that holds it.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/disks-types, "Billing" and the
tables of sizes.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

_SIZES: Final = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32767)
_NUMBERS: Final = (1, 2, 3, 4, 6, 10, 15, 20, 30, 40, 50, 60, 70, 80)
_SMALLEST_HDD: Final = 32
"""GiB of S4: Standard HDD has no smaller tier."""

_FAMILIES: Final = {
    "Premium": ("P", "Premium SSD Managed Disks"),
    "StandardSSD": ("E", "Standard SSD Managed Disks"),
    "Standard": ("S", "Standard HDD Managed Disks"),
}
_REDUNDANCIES: Final = {
    "Premium": {"LRS", "ZRS"},
    "StandardSSD": {"LRS", "ZRS"},
    "Standard": {"LRS"},
}


@dataclass(frozen=True)
class DiskTier:
    """The product and the SKU of a tier, as the price list names them."""

    product: str
    sku_name: str

    @property
    def meter_name(self) -> str:
        """The meter of the disk itself; operations and mounts have others."""
        return f"{self.sku_name} Disk"


def tier_of(disk_type: str, size_gib: int) -> DiskTier | None:
    """Return the tier of a disk; None for a type without tiers, and for a size beyond them."""
    family, _, redundancy = disk_type.partition("_")
    if redundancy not in _REDUNDANCIES.get(family, set()):
        return None
    letter, product = _FAMILIES[family]
    smallest = _SMALLEST_HDD if family == "Standard" else 1
    at = bisect_left(_SIZES, max(size_gib, smallest))
    if at == len(_SIZES):
        return None
    return DiskTier(product, f"{letter}{_NUMBERS[at]} {redundancy}")
