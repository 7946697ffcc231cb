"""The Azure Retail Prices API: its rows, page by page. It is public, and takes no token.

Source: https://learn.microsoft.com/en-us/rest/api/cost-management/retail-prices/azure-retail-prices
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from providers.azure.errors import azure_errors
from providers.azure.list_pages import next_url
from skyclust.contract import PriceUnit
from skyclust.errors import UnexpectedAnswer
from skyclust.providerkit.answers import require_list, require_object
from skyclust.providerkit.error_context import ENDPOINT_HINT
from skyclust.providerkit.list_prices import Sku
from skyclust.providerkit.paging import PageGuard

if TYPE_CHECKING:
    from providers.azure.client import AzureClients

VERSION: Final = "2023-01-01-preview"
UNITS: Final = {
    "1 Hour": PriceUnit.HOUR,
    "1 GB/Month": PriceUnit.GIB_MONTH,
    "1/Month": PriceUnit.MONTH,
}
"""Azure counts a GB of managed disks as 2^30 bytes
(https://learn.microsoft.com/en-us/azure/virtual-machines/disks-types)."""


@dataclass(frozen=True)
class RetailPrice:
    """A row of the price list."""

    product: str
    sku_name: str
    meter: str
    sku: Sku

    @property
    def is_linux_on_demand(self) -> bool:
        """Whether it is the price of a virtual machine without a licence, and not of spare room."""
        names = f"{self.sku_name} {self.meter}"
        others = ("Windows", "Cloud Services", "CloudServices", "Dedicated Host")
        return not any(other in self.product for other in others) and not any(
            other in names for other in ("Spot", "Low Priority")
        )


def get_prices(clients: AzureClients, **fields: str) -> Iterator[RetailPrice]:
    """Yield the consumption prices of the primary meters whose fields have these values.

    Raises errors of the tree, and UnexpectedAnswer for a page that is not as documented.
    """
    wanted = {**fields, "priceType": "Consumption"}
    conditions = " and ".join(f"{name} eq '{value}'" for name, value in wanted.items())
    doing = f"read the Azure prices where {conditions}"
    guard = PageGuard(doing, "azure")
    address = clients.price_list
    url, query = address, {"api-version": VERSION, "$filter": conditions}
    while True:
        with azure_errors(doing):
            content = clients.public.get(url, query)
        page = _parsed(content, doing)
        rows = require_list(page, "Items", doing=doing, provider="azure")
        for row in rows:
            if require_object(row, doing=doing, provider="azure").get("isPrimaryMeterRegion"):
                yield _to_price(row, doing)
        link = page.get("NextPageLink")
        if not link:
            return
        guard.check(str(link), [str(link)] * len(rows))
        url, query = next_url(address, str(link), doing), {}


def _to_price(row: Mapping[str, Any], doing: str) -> RetailPrice:
    try:
        tier = Decimal(row.get("tierMinimumUnits") or 0)
        sku = Sku(
            sku=f"{row['skuId']}/{row['meterId']}",
            amount=Decimal(row["retailPrice"]) if not tier else None,
            currency=str(row["currencyCode"]),
            unit=UNITS.get(row["unitOfMeasure"]),
            effective_from=_time(row.get("effectiveStartDate")),
        )
        return RetailPrice(
            product=str(row["productName"]),
            sku_name=str(row["skuName"]),
            meter=str(row["meterName"]),
            sku=sku,
        )
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise UnexpectedAnswer(
            f"Could not {doing}: a price is not in the documented form.", provider="azure"
        ) from error


def _time(text: object) -> datetime | None:
    if text is None:
        return None
    time = datetime.fromisoformat(str(text))
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _parsed(content: bytes, doing: str) -> Mapping[str, Any]:
    try:
        document = json.loads(content, parse_float=Decimal)
    except ValueError as error:
        raise UnexpectedAnswer(
            f"Could not {doing}: the answer is not JSON.", hint=ENDPOINT_HINT, provider="azure"
        ) from error
    return require_object(document, doing=doing, provider="azure")
