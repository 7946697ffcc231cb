"""List prices from the AWS Price List Query API.

Sources: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html and
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from providers.aws.errors import aws_errors
from providers.aws.paging import get_pages
from skyclust.contract import (
    ListPrice,
    MissingPrice,
    PriceAnswer,
    PricedKind,
    PriceItem,
    PriceProvider,
    PriceUnit,
)
from skyclust.errors import UnexpectedAnswer
from skyclust.providerkit.list_prices import Sku, answer_of, price_of

if TYPE_CHECKING:
    from providers.aws.client import AwsClients

UNITS: Final = {"Hrs": PriceUnit.HOUR, "GB-Mo": PriceUnit.GIB_MONTH}
"""EBS counts a GB as 2^30 bytes (https://aws.amazon.com/ebs/pricing/)."""

BY_PERFORMANCE: Final = frozenset({"io1", "io2"})
"""Disk types that are sold by size and provisioned IOPS together."""

_PREFIX: Final = r"([A-Z0-9]+-)?"
_SNAPSHOT_USAGE: Final = re.compile(_PREFIX + "EBS:SnapshotUsage")
_IDLE_ADDRESS: Final = re.compile(_PREFIX + "PublicIPv4:IdleAddress")
_LINUX: Final = {
    "capacitystatus": "Used",
    "operatingSystem": "Linux",
    "preInstalledSw": "NA",
    "tenancy": "Shared",
}
"""The attributes that tell an on-demand Linux instance from the other products of its type."""

_TYPES_A_QUERY: Final = 20

Product = Mapping[str, Any]


class AwsPrices(PriceProvider):
    """The public prices of EC2, EBS and public IPv4 addresses, in US dollars."""

    _clients: AwsClients

    def list_prices(self, items: Collection[PriceItem]) -> PriceAnswer:
        """Return the on-demand price of each item, or why it has none."""
        read_at = datetime.now(UTC)
        wanted: dict[tuple[PricedKind, str], set[PriceItem]] = defaultdict(set)
        for item in items:
            wanted[item.kind, item.region].add(item)
        return answer_of(
            result
            for (kind, region), same in sorted(wanted.items())
            for result in self._read(kind, region, sorted(same, key=str), read_at)
        )

    def _read(
        self, kind: PricedKind, region: str, items: list[PriceItem], read_at: datetime
    ) -> Iterator[ListPrice | MissingPrice]:
        match kind:
            case PricedKind.INSTANCE:
                yield from self._instances(region, items, read_at)
            case PricedKind.DISK:
                yield from self._disks(region, items, read_at)
            case PricedKind.SNAPSHOT:
                found = self._products("AmazonEC2", region, productFamily="Storage Snapshot")
                yield price_of(items[0], _used(found, _SNAPSHOT_USAGE), read_at)
            case PricedKind.ADDRESS:
                found = self._products("AmazonVPC", region, group="VPCPublicIPv4Address")
                yield price_of(items[0], _used(found, _IDLE_ADDRESS), read_at)

    def _instances(
        self, region: str, items: list[PriceItem], read_at: datetime
    ) -> Iterator[ListPrice | MissingPrice]:
        skus: dict[str, list[Sku]] = defaultdict(list)
        for start in range(0, len(items), _TYPES_A_QUERY):
            types = ",".join(item.type for item in items[start : start + _TYPES_A_QUERY])
            for product in self._products("AmazonEC2", region, instanceType=types, **_LINUX):
                skus[_attribute(product, "instanceType")] += _on_demand(product)
        for item in items:
            yield price_of(item, skus[item.type], read_at)

    def _disks(
        self, region: str, items: list[PriceItem], read_at: datetime
    ) -> Iterator[ListPrice | MissingPrice]:
        types = {item.type for item in items} - BY_PERFORMANCE
        skus: dict[str, list[Sku]] = defaultdict(list)
        if types:
            names = ",".join(sorted(types))
            storage = self._products(
                "AmazonEC2", region, productFamily="Storage", volumeApiName=names
            )
            for product in storage:
                skus[_attribute(product, "volumeApiName")] += _on_demand(product)
        for item in items:
            if item.type in BY_PERFORMANCE:
                yield MissingPrice(item, "its price depends on its provisioned IOPS")
                continue
            found = price_of(item.of_any_size, skus[item.type], read_at)
            yield found if isinstance(found, ListPrice) else MissingPrice(item, found.reason)

    def _products(self, service: str, region: str, **attributes: str) -> Iterator[Product]:
        """Yield the products of a region with all these attributes; commas separate values."""
        filters = [
            {"Type": "ANY_OF" if "," in value else "TERM_MATCH", "Field": name, "Value": value}
            for name, value in {"regionCode": region, **attributes}.items()
        ]
        doing = f"read the prices of {service} in {region}"
        with aws_errors(doing):
            pages = get_pages(
                self._clients.pricing(),
                "get_products",
                "PriceList",
                ServiceCode=service,
                FormatVersion="aws_v1",
                Filters=filters,
            )
            for page in pages:
                for text in page:
                    yield _parsed(text, doing)


def _used(products: Iterable[Product], usage: re.Pattern[str]) -> list[Sku]:
    """Return the SKUs of the products with a usage type, whose region's prefix may precede it."""
    return [
        sku
        for product in products
        if usage.fullmatch(_attribute(product, "usagetype"))
        for sku in _on_demand(product)
    ]


def _attribute(product: Product, name: str) -> str:
    attributes = product["product"].get("attributes") or {}
    return str(attributes.get(name, ""))


def _on_demand(product: Product) -> list[Sku]:
    """Return the prices of a product's on-demand terms, one for each term."""
    sku = str(product["product"]["sku"])
    return [_of_term(sku, term) for term in product["terms"].get("OnDemand", {}).values()]


def _of_term(sku: str, term: Mapping[str, Any]) -> Sku:
    """Return the price of a term; one with several dimensions depends on the quantity."""
    dimensions = list(term["priceDimensions"].values())
    prices = {name: price for one in dimensions for name, price in one["pricePerUnit"].items()}
    if len(dimensions) != 1 or len(prices) != 1:
        return Sku(sku, None, "", None)
    [(currency, amount)] = prices.items()
    effective = datetime.fromisoformat(term["effectiveDate"])
    return Sku(sku, Decimal(amount), currency, UNITS.get(dimensions[0]["unit"]), effective)


def _parsed(text: Any, doing: str) -> Product:
    """Return a product of the list; raises UnexpectedAnswer for what is none."""
    try:
        product = json.loads(text)
        _on_demand(product)
        _attribute(product, "sku")
    except (ValueError, TypeError, KeyError, AttributeError, InvalidOperation) as error:
        raise UnexpectedAnswer(
            f"Could not {doing}: a product is not in the documented form.", provider="aws"
        ) from error
    return dict(product)
