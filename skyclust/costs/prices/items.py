"""What of the inventory has a list price. Pure functions."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any, Final

from skyclust.model.list_price import PricedKind, PriceItem
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.stored import StoredResource

ON_DEMAND: Final = "on-demand"
LICENSED: Final = ("windows", "red hat", "rhel", "suse", "sles", "sql", "ubuntu pro")
"""Parts of the names of platforms whose licence is part of the price, as the clouds write them."""


def item_of(resource: Resource) -> PriceItem | None:
    """Return what the list price of a resource is of; None for one that has no such price.

    Instances are priced with Linux, and addresses as public ones of IPv4.
    """
    attributes = resource.attributes
    match resource.kind:
        case ResourceKind.INSTANCE if _is_listed(attributes):
            return PriceItem(PricedKind.INSTANCE, resource.region, str(attributes["type"]))
        case ResourceKind.DISK if attributes.get("type"):
            size = attributes.get("size_gib")
            gib = size if isinstance(size, int) else None
            return PriceItem(PricedKind.DISK, resource.region, str(attributes["type"]), gib)
        case ResourceKind.ADDRESS if _is_ipv4(attributes.get("address")):
            return PriceItem(PricedKind.ADDRESS, resource.region)
        case ResourceKind.SNAPSHOT:
            return PriceItem(PricedKind.SNAPSHOT, resource.region)
    return None


def wanted_items(resources: Iterable[StoredResource]) -> dict[str, set[PriceItem]]:
    """Return what the resources need prices of, by provider."""
    wanted: dict[str, set[PriceItem]] = {}
    for resource in resources:
        item = item_of(resource)
        if item is not None:
            wanted.setdefault(resource.provider, set()).add(item)
    return wanted


def _is_listed(attributes: dict[str, Any]) -> bool:
    """Return whether an instance is known to be on demand, of a known type, and without licence."""
    platform = str(attributes.get("platform") or "").lower()
    licensed = any(name in platform for name in LICENSED)
    return (
        bool(attributes.get("type")) and attributes.get("lifecycle") == ON_DEMAND and not licensed
    )


def _is_ipv4(text: object) -> bool:
    try:
        return isinstance(text, str) and ipaddress.ip_address(text).version == 4
    except ValueError:
        return False
