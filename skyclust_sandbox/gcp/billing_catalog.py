"""The Cloud Billing Catalog: services.skus.list of Compute Engine, on the prices of the bill.

Beside the SKU that is looked for there are those that must be left out: preemptible and committed
use, regional disks, archived snapshots, addresses in use. Cores of one series have two SKUs in one
region, as happens while Google replaces one.

Source: https://cloud.google.com/billing/docs/reference/rest/v1/services.skus/list
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from typing import Final

from skyclust_sandbox.billing.catalog import Meter
from skyclust_sandbox.gcp.api_calls import GcpCall
from skyclust_sandbox.gcp.bigquery.estate_bill import CATALOG
from skyclust_sandbox.gcp.list_prices import SERIES_PRICES
from skyclust_sandbox.gcp.locations import REGIONS
from skyclust_sandbox.gcp.responses import Resource, refused

AMBIGUOUS: Final = ("c3", "us-west1")
"""The series and the region with two SKUs of cores."""

COMPUTE_ENGINE: Final = "6F81-5844-456A"
EFFECTIVE: Final = "2026-01-01T00:00:00Z"
_LARGEST_PAGE: Final = 5000
_DISKS: Final = {
    "Storage PD Capacity": "PDStandard",
    "Balanced PD Capacity": "SSD",
    "SSD backed PD Capacity": "SSD",
    "Regional SSD backed PD Capacity": "SSD",
}
_NANOS: Final = 10**9


def answer(call: GcpCall, largest_page: int | None) -> Resource:
    """Return one page of the SKUs; raises Refused for another service or method."""
    if call.method.id != "cloudbilling.services.skus.list":
        message = f"The sandbox has no method {call.method.id}."
        raise refused(501, "notImplemented", message, from_front_end=True)
    if call.path.get("servicesId") != COMPUTE_ENGINE:
        raise refused(404, "notFound", "Service not found.", from_front_end=True)
    skus = _skus()
    first = _number(call, "pageToken", 0)
    size = min(_number(call, "pageSize", _LARGEST_PAGE), largest_page or _LARGEST_PAGE)
    page: Resource = {"skus": skus[first : first + size], "nextPageToken": ""}
    if first + size < len(skus):
        page["nextPageToken"] = str(first + size)
    return page


def _number(call: GcpCall, name: str, default: int) -> int:
    text = call.query.get(name) or str(default)
    if not text.isdecimal():
        raise refused(400, "badRequest", f"Invalid {name}: {text}", from_front_end=True)
    return int(text)


@cache
def _skus() -> Sequence[Resource]:
    return [sku for region in REGIONS for sku in _of_region(region)]


def _of_region(region: str) -> Iterator[Resource]:
    place = CATALOG.region_names.get(region, region)
    for series, price in SERIES_PRICES.items():
        for part, amount in (("Core", price.core), ("Ram", price.gib)):
            unit, group = ("h", "CPU") if part == "Core" else ("GiBy.h", "RAM")
            name = f"{price.name} {part} running in {place}"
            yield _sku(name, region, amount, unit, group)
            spot = amount / 4
            yield _sku(f"Spot Preemptible {name}", region, spot, unit, group, usage="Preemptible")
            committed = f"Commitment v1: {price.name} {part} in {place} for 1 Year"
            yield _sku(committed, region, amount / 2, unit, group, usage="Commit1Yr")
            custom = f"{price.name} Custom {part} running in {place}"
            yield _sku(custom, region, amount, unit, group)
            if (series, region) == AMBIGUOUS and part == "Core":
                yield _sku(name, region, amount, unit, "Replaced")
    disk = CATALOG.services[Meter.DISK].price
    for name, group in _DISKS.items():
        yield _sku(f"{name} in {place}", region, disk, "GiBy.mo", group, free=30)
    snapshot = CATALOG.services[Meter.SNAPSHOT].price
    yield _sku(f"Storage PD Snapshot in {place}", region, snapshot, "GiBy.mo", "PDSnapshot")
    archive = f"Storage PD Archive Snapshot in {place}"
    yield _sku(archive, region, snapshot / 2, "GiBy.mo", "PDSnapshot")
    address = CATALOG.services[Meter.ADDRESS].price
    yield _sku(f"Static Ip Charge in {place}", region, address, "h", "IpAddress")
    used = f"External IP Charge on a Standard VM in {place}"
    yield _sku(used, region, address / 2, "h", "IpAddress")


def _sku(
    description: str,
    region: str,
    price: Decimal,
    unit: str,
    group: str,
    *,
    usage: str = "OnDemand",
    free: int = 0,
) -> Resource:
    digest = hashlib.sha256(f"{description}/{region}/{group}".encode()).hexdigest().upper()
    sku_id = "-".join((digest[:4], digest[4:8], digest[8:12]))
    rates = [_rate(Decimal(0), 0), _rate(price, free)] if free else [_rate(price, 0)]
    return {
        "name": f"services/{COMPUTE_ENGINE}/skus/{sku_id}",
        "skuId": sku_id,
        "description": description,
        "category": {
            "serviceDisplayName": "Compute Engine",
            "resourceFamily": "Compute",
            "resourceGroup": group,
            "usageType": usage,
        },
        "serviceRegions": [region],
        "pricingInfo": [
            {
                "summary": "",
                "pricingExpression": {
                    "usageUnit": unit,
                    "displayQuantity": 1,
                    "tieredRates": rates,
                },
                "currencyConversionRate": 1,
                "effectiveTime": EFFECTIVE,
            }
        ],
        "serviceProviderName": "Google",
        "geoTaxonomy": {"type": "REGIONAL", "regions": [region]},
    }


def _rate(price: Decimal, start: int) -> Resource:
    units, nanos = divmod(int(price * _NANOS), _NANOS)
    amount = {"currencyCode": CATALOG.currency, "units": str(units), "nanos": nanos}
    return {"startUsageAmount": start, "unitPrice": amount}
