"""What of the inventory has a list price. Pure functions."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any, Final

from skyclust.model.instance_metrics import MetricsRecord
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


def wanted_items(
    resources: Iterable[StoredResource], metrics: Iterable[MetricsRecord] = ()
) -> dict[str, set[PriceItem]]:
    """Return what needs a price, by provider: the resources, and the types to resize them to."""
    smaller = {
        (one.credential, one.region, one.instance_id): one.options.smaller[0].type
        for one in metrics
        if one.options is not None and one.options.smaller
    }
    wanted: dict[str, set[PriceItem]] = {}
    for resource in resources:
        item = item_of(resource)
        if item is None:
            continue
        items = wanted.setdefault(resource.provider, set())
        items.add(item)
        resized = smaller.get((resource.credential, resource.region, resource.id))
        if resized and item.kind is PricedKind.INSTANCE:
            items.add(PriceItem(PricedKind.INSTANCE, resource.region, resized))
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
