"""The Cloud Billing Catalog: the public SKUs of Compute Engine, with their list prices.

Source: https://cloud.google.com/billing/docs/reference/rest/v1/services.skus/list
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from providers.gcp.errors import unreadable_reply
from skyclust.contract import PriceUnit
from skyclust.providerkit.answers import require_list, require_object
from skyclust.providerkit.list_prices import Sku
from skyclust.providerkit.paging import PageGuard

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients

COMPUTE_ENGINE: Final = "services/6F81-5844-456A"
DOING: Final = "read the price list of Compute Engine"
FIELDS: Final = (
    "nextPageToken,skus(skuId,description,category(usageType),serviceRegions,"
    "pricingInfo(effectiveTime,pricingExpression(usageUnit,tieredRates)))"
)
"""The parts of a SKU that are read: the whole catalog is five times as large."""

UNITS: Final = {
    "h": PriceUnit.HOUR,
    "GiBy.h": PriceUnit.HOUR,
    "GiBy.mo": PriceUnit.GIB_MONTH,
}
"""The price of memory is that of a GiB for an hour."""

_NANO: Final = Decimal(1).scaleb(-9)
_GLOBAL: Final = "global"


@dataclass(frozen=True)
class CatalogSku:
    """An on-demand SKU: what it is of, in words, and in which regions."""

    description: str
    regions: Sequence[str]
    sku: Sku

    def is_of(self, region: str) -> bool:
        """Return whether it is sold in a region."""
        return region in self.regions or list(self.regions) == [_GLOBAL]


def get_skus(clients: GcpClients) -> Iterator[CatalogSku]:
    """Yield the on-demand SKUs of Compute Engine, from all pages.

    Raises errors of the tree, and UnexpectedAnswer for a page that is not as documented.
    """
    guard = PageGuard(DOING, "gcp")
    token = ""
    while True:
        query: dict[str, str | int] = {"pageSize": 5000, "fields": FIELDS}
        if token:
            query["pageToken"] = token
        page = clients.get_billing(f"v1/{COMPUTE_ENGINE}/skus", DOING, query)
        skus = require_list(page, "skus", doing=DOING, provider="gcp")
        for sku in skus:
            yield from _to_sku(require_object(sku, doing=DOING, provider="gcp"))
        token = str(page.get("nextPageToken") or "")
        if not token:
            return
        guard.check(token, [token] * len(skus))


def _to_sku(sku: Mapping[str, Any]) -> Iterator[CatalogSku]:
    try:
        if sku["category"]["usageType"] != "OnDemand":
            return
        name, timeline = str(sku["skuId"]), sku["pricingInfo"]
        if not timeline:
            return
        newest = timeline[-1]
        expression = newest["pricingExpression"]
        amount, currency = _rate(expression["tieredRates"])
        effective = newest.get("effectiveTime")
        price = Sku(
            sku=name,
            amount=amount,
            currency=currency,
            unit=UNITS.get(expression["usageUnit"]),
            effective_from=datetime.fromisoformat(effective) if effective else None,
        )
        regions = [str(region) for region in sku.get("serviceRegions", [])]
        yield CatalogSku(str(sku["description"]), regions, price)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise unreadable_reply(DOING, "a SKU is not in the documented form") from error


def _rate(rates: Sequence[Mapping[str, Any]]) -> tuple[Decimal | None, str]:
    """Return the one rate and its currency; a free quantity before it is the account's.

    The amount is None for several rates, which depend on the quantity.
    """
    prices = [_money(rate["unitPrice"]) for rate in rates]
    charged = {price for price in prices if price[0]} or set(prices)
    if len(charged) != 1:
        return None, ""
    return next(iter(charged))


def _money(price: Mapping[str, Any]) -> tuple[Decimal, str]:
    amount = Decimal(price.get("units") or 0) + Decimal(price.get("nanos") or 0) * _NANO
    return amount, str(price["currencyCode"])
