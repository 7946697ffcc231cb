"""What a resource is charged for on one day: each quantity with its price."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Final

from skyclust.costs.price_books.book import PriceBook, Size
from skyclust.costs.price_books.prices import (
    ANY_CLASS,
    CorePrice,
    DatedPrice,
    GpuPrice,
    InstancePrice,
    LicenceMatch,
    LicencePrice,
    MemoryPrice,
    StoragePrice,
)
from skyclust.model.resource import ResourceKind, ResourceState
from skyclust.model.resource_period import ResourcePeriod

MIB_PER_GIB: Final = 1024

_SIZE_NAME: Final = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?)c([0-9]{1,8})([gm])")
"""A type whose name is its size, as of Proxmox VE: `2c4g`, `0.5c512m`."""


@dataclass(frozen=True)
class Item:
    """So many units of a price, for as long as the resource stays as it is."""

    price: DatedPrice
    quantity: Decimal


class NotPriced(Exception):
    """A resource that the book should have a price for and has none."""


def items_of(book: PriceBook, resource: ResourcePeriod, day: date) -> list[Item]:
    """Return what a resource is charged for on a day; empty for a resource that is free.

    Raises NotPriced where the book has no price on that day for a kind that it has prices for, or
    the inventory does not know the size.
    """
    kind = ResourceKind(resource.kind)
    if kind not in book.kinds or resource.state == ResourceState.DELETED:
        return []
    if kind is ResourceKind.INSTANCE:
        return _of_instance(book, resource, day)
    if kind is ResourceKind.IMAGE and resource.attributes.get("public") is True:
        return []
    if kind is ResourceKind.DISK:
        return [Item(_storage_price(book, resource, day), _gib(resource))]
    price = next((one for one in book.prices if one.kind is kind and one.holds(day)), None)
    if price is None:
        raise NotPriced(f"no price of a {resource.kind} on {day}")
    return [Item(price, Decimal(1) if kind is ResourceKind.ADDRESS else _gib(resource))]


def instance_items(
    book: PriceBook, instance_type: str | None, size: Size | None, day: date
) -> list[Item]:
    """Return what an instance of a type or size is charged for, without licences.

    Raises NotPriced as `items_of` does.
    """
    items = [
        Item(gpu, Decimal(gpu.types[instance_type]))
        for gpu in book.of(GpuPrice, day)
        if instance_type is not None and instance_type in gpu.types
    ]
    flat = [one for one in book.of(InstancePrice, day) if one.type == instance_type]
    if flat:
        return [*items, Item(flat[0], Decimal(1))]
    by_size = book.has(CorePrice) or book.has(MemoryPrice)
    if not by_size:
        if book.has(InstancePrice):
            raise NotPriced(f"no price of the instance type {instance_type!r} on {day}")
        return items
    if size is None:
        raise NotPriced(f"the size of the instance type {instance_type!r} is not known")
    for kind, quantity in ((CorePrice, size.cores), (MemoryPrice, size.memory_gib)):
        if book.has(kind):
            prices = book.of(kind, day)
            if not prices:
                raise NotPriced(f"no price of {kind.consumed_unit} on {day}")
            items.append(Item(prices[0], quantity))
    return items


def storage_price(book: PriceBook, classes: tuple[str, ...], day: date) -> StoragePrice | None:
    """Return the price of the first storage class that has one, else that of any other class."""
    prices = {one.storage_class: one for one in book.of(StoragePrice, day)}
    return next((prices[name] for name in (*classes, ANY_CLASS) if name in prices), None)


def size_of_type(book: PriceBook, instance_type: str | None) -> Size | None:
    """Return the size of a type: that of the book, or the one in its name; else None."""
    if instance_type is None:
        return None
    if instance_type in book.sizes:
        return book.sizes[instance_type]
    match = _SIZE_NAME.fullmatch(instance_type)
    if match is None:
        return None
    memory = Decimal(match[2])
    return Size.model_construct(
        cores=Decimal(match[1]), memory_gib=memory if match[3] == "g" else memory / MIB_PER_GIB
    )


def _of_instance(book: PriceBook, resource: ResourcePeriod, day: date) -> list[Item]:
    if resource.state not in book.charged_states:
        return []
    instance_type = resource.attributes.get("type") or None
    items = instance_items(book, instance_type, _size(book, resource, instance_type), day)
    licences = book.of(LicencePrice, day)
    matching = [one for one in licences if _matches(one.match, resource)]
    return items + [Item(one, Decimal(1)) for one in matching]


def _size(book: PriceBook, resource: ResourcePeriod, instance_type: str | None) -> Size | None:
    """Return the size that the cloud reports for this instance, or else that of its type."""
    cores = _number(resource.attributes.get("cores"))
    memory = _number(resource.attributes.get("memory_mib"))
    if cores is not None and memory is not None:
        return Size.model_construct(cores=cores, memory_gib=memory / MIB_PER_GIB)
    return size_of_type(book, instance_type)


def _matches(match: LicenceMatch, resource: ResourcePeriod) -> bool:
    for pattern, attribute in ((match.image, "image"), (match.platform, "platform")):
        if pattern is not None and not fnmatchcase(
            str(resource.attributes.get(attribute) or ""), pattern
        ):
            return False
    return all(resource.tags.get(key) == value for key, value in match.tags.items())


def _storage_price(book: PriceBook, resource: ResourcePeriod, day: date) -> StoragePrice:
    names = (resource.attributes.get("storage"), resource.attributes.get("type"))
    classes = tuple(str(name) for name in names if name)
    price = storage_price(book, classes, day)
    if price is None:
        raise NotPriced(f"no price of the storage class {' or '.join(classes) or '*'} on {day}")
    return price


def _gib(resource: ResourcePeriod) -> Decimal:
    size = _number(resource.attributes.get("size_gib"))
    if size is None:
        raise NotPriced("its size is not known")
    return size


def _number(value: object) -> Decimal | None:
    """Return a number of JSON exactly as it is written; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return Decimal(str(value))
