"""The Azure Retail Prices API, on the prices of the sandbox's bill; it is public.

Beside the row that a query is for there are those that it must leave out: Windows, Spot, low
priority, reservations, meters of another region, disk operations. One size has two meters, as
happens while Azure replaces one.

Source: https://learn.microsoft.com/en-us/rest/api/cost-management/retail-prices/azure-retail-prices
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from werkzeug.wrappers import Request, Response

from skyclust_sandbox.azure.compute.virtual_machine_sizes import SIZES
from skyclust_sandbox.azure.cost_management.catalog import CATALOG
from skyclust_sandbox.azure.locations import LOCATIONS
from skyclust_sandbox.azure.responses import arm_error, json_response
from skyclust_sandbox.billing.catalog import Meter

PATH: Final = "/api/retail/prices"
ACTION: Final = "RetailPrices_List"
AMBIGUOUS_SIZE: Final = "Standard_F2s_v2"
"""The size with two meters."""

EFFECTIVE: Final = "2026-01-01T00:00:00Z"
_LARGEST_PAGE: Final = 1000
_CONDITION: Final = re.compile(r"(\w+) eq '([^']*)'")
_TIERS: Final = {
    "P": ("Premium SSD Managed Disks", ("LRS", "ZRS")),
    "E": ("Standard SSD Managed Disks", ("LRS", "ZRS")),
    "S": ("Standard HDD Managed Disks", ("LRS",)),
}
_TIER_SIZES: Final = {
    1: 4, 2: 8, 3: 16, 4: 32, 6: 64, 10: 128, 15: 256, 20: 512, 30: 1024, 40: 2048, 50: 4096,
    60: 8192, 70: 16384, 80: 32767,
}  # fmt: skip
_HDD_FROM: Final = 4

Row = dict[str, Any]


def list_prices(request: Request, largest_page: int | None) -> Response:
    """Return a page of the rows that the filter selects; 400 for a filter of another form."""
    wanted = _conditions(request.args.get("$filter", ""))
    rows = [
        row
        for location in LOCATIONS
        if wanted.get("armRegionName", location) == location
        for row in _rows(location)
        if all(str(row.get(name)) == value for name, value in wanted.items())
    ]
    first = int(request.args.get("$skip", "0"))
    size = min(_LARGEST_PAGE, largest_page or _LARGEST_PAGE)
    page = rows[first : first + size]
    link = None
    if first + size < len(rows):
        version = request.args.get("api-version", "")
        query = f"api-version={version}&$filter={quote(request.args['$filter'])}"
        link = f"{request.host_url.rstrip('/')}{PATH}?{query}&$skip={first + size}"
    return json_response(
        {
            "BillingCurrency": CATALOG.currency,
            "CustomerEntityId": "Default",
            "CustomerEntityType": "Retail",
            "Items": [{n: v for n, v in row.items() if n != "priceType"} for row in page],
            "NextPageLink": link,
            "Count": len(page),
        }
    )


def _conditions(text: str) -> dict[str, str]:
    conditions: dict[str, str] = {}
    for part in filter(None, text.split(" and ")):
        match = _CONDITION.fullmatch(part.strip())
        if match is None:
            raise arm_error(400, "BadRequest", f"Invalid OData parameters supplied: {part}")
        conditions[match[1]] = match[2]
    return conditions


def _rows(location: str) -> Iterator[Row]:
    for size in SIZES.values():
        if location not in size.missing:
            yield from _machine(location, size.name)
    yield from _disks(location)
    product = {"serviceName": "Virtual Network", "productName": "IP Addresses"}
    address = CATALOG.services[Meter.ADDRESS].price
    for meter in ("Standard IPv4 Static Public IP", "Basic IPv4 Dynamic Public IP"):
        sku = {"skuName": meter.split()[0], "meterName": meter}
        yield _row(location, address, "1 Hour", **product, **sku)


def _machine(location: str, name: str) -> Iterator[Row]:
    """Yield the rows of a size: the first one is that of Linux on demand."""
    price = CATALOG.instance_prices[name]
    short = name.removeprefix("Standard_").replace("_", " ")
    series = f"Virtual Machines {name.split('_')[1]} Series"
    common = {"serviceName": "Virtual Machines", "armSkuName": name}
    linux = {"productName": series, "skuName": short, "meterName": short}
    windows = {**linux, "productName": f"{series} Windows"}
    yield _row(location, price, "1 Hour", **common, **linux)
    if name == AMBIGUOUS_SIZE:
        yield _row(location, price, "1 Hour", **common, **linux, meterId=_id(location, name, "new"))
    yield _row(location, price * 2, "1 Hour", **common, **windows)
    for kind in ("Spot", "Low Priority"):
        names = {**linux, "skuName": f"{short} {kind}", "meterName": f"{short} {kind}"}
        yield _row(location, price / 5, "1 Hour", **common, **names)
    yield _row(location, price * 4000, "1 Hour", **common, **linux, type="Reservation")
    yield _row(location, price, "1 Hour", **common, **linux, isPrimaryMeterRegion=False)


def _disks(location: str) -> Iterator[Row]:
    """Yield the rows of managed disks: a tier costs what its size costs on the bill."""
    price = CATALOG.services[Meter.DISK].price
    for letter, (product, redundancies) in _TIERS.items():
        common = {"serviceName": "Storage", "productName": product}
        for redundancy in redundancies:
            for number, gib in _TIER_SIZES.items():
                if letter == "S" and number < _HDD_FROM:
                    continue
                sku = f"{letter}{number} {redundancy}"
                names = {"skuName": sku, "meterName": f"{sku} Disk"}
                yield _row(location, price * gib, "1/Month", **common, **names)
                names = {"skuName": sku, "meterName": f"{sku} Disk Operations"}
                yield _row(location, Decimal("0.0005"), "10K", **common, **names)
        names = {"skuName": "Snapshots LRS", "meterName": "LRS Snapshots"}
        snapshot = CATALOG.services[Meter.SNAPSHOT].price
        yield _row(location, snapshot, "1 GB/Month", **common, **names)


def _row(location: str, price: Decimal, unit: str, **fields: object) -> Row:
    identity = _id(location, unit, *map(str, fields.values()))
    row: Row = {
        "currencyCode": CATALOG.currency,
        "tierMinimumUnits": 0.0,
        "retailPrice": float(price),
        "unitPrice": float(price),
        "armRegionName": location,
        "location": LOCATIONS[location].display_name,
        "effectiveStartDate": EFFECTIVE,
        "meterId": identity,
        "productId": f"DZH318Z0{identity[:4].upper()}",
        "skuId": f"DZH318Z0{identity[:4].upper()}/{identity[4:8].upper()}",
        "serviceFamily": "Compute",
        "unitOfMeasure": unit,
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
        "armSkuName": "",
        **fields,
    }
    return {**row, "priceType": row["type"]}


def _id(*parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))
