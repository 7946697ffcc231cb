"""List prices of a cloud: what a price is of, its unit, and where it is from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class PricedKind(StrEnum):
    """What list prices are read of."""

    INSTANCE = "instance"
    """An on-demand instance with Linux, by its type."""
    DISK = "disk"
    """A disk, by its type; its provisioned performance is not in the price."""
    ADDRESS = "address"
    """A public IPv4 address that nothing uses."""
    SNAPSHOT = "snapshot"
    """What a snapshot stores, in the standard tier."""


class PriceUnit(StrEnum):
    """What one price is for."""

    HOUR = "hour"
    GIB_MONTH = "gib-month"
    MONTH = "month"
    """A whole disk for a month, where a cloud has disks in tiers of size."""


@dataclass(frozen=True, order=True)
class PriceItem:
    """What a price is of, in a region: a kind, and the type of an instance or disk.

    `size_gib` is the size of a disk where its price depends on it, else None.
    """

    kind: PricedKind
    region: str
    type: str = ""
    size_gib: int | None = None

    def __str__(self) -> str:
        size = "" if self.size_gib is None else str(self.size_gib)
        return ":".join((self.kind.value, self.type, size)).rstrip(":")

    @property
    def of_any_size(self) -> PriceItem:
        """Return the item without its size."""
        return PriceItem(self.kind, self.region, self.type)


def parse_item(text: str, region: str) -> PriceItem:
    """Return the item whose text it is; raises ValueError for another text."""
    kind, _, rest = text.partition(":")
    type_, _, size = rest.partition(":")
    return PriceItem(PricedKind(kind), region, type_, int(size) if size else None)


@dataclass(frozen=True)
class ListPrice:
    """The list price of one unit, before discounts, credits and tax; always more than zero.

    `sku` is the cloud's id of what is sold, `effective_from` since when the cloud says that the
    price holds (None: it does not say), `read_at` when it was read.
    """

    item: PriceItem
    amount: Decimal
    currency: str
    unit: PriceUnit
    sku: str
    effective_from: datetime | None
    read_at: datetime


@dataclass(frozen=True)
class MissingPrice:
    """An item without a price, and why, for people."""

    item: PriceItem
    reason: str


@dataclass(frozen=True)
class PriceAnswer:
    """The prices of the wanted items, and the items that have none."""

    prices: Sequence[ListPrice] = ()
    missing: Sequence[MissingPrice] = ()
