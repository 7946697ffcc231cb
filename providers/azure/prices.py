"""List prices of virtual machines, managed disks, snapshots and public addresses."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from providers.azure.disk_tiers import tier_of
from providers.azure.retail_prices import RetailPrice, get_prices
from skyclust.contract import (
    ListPrice,
    MissingPrice,
    PriceAnswer,
    PricedKind,
    PriceItem,
    PriceProvider,
)
from skyclust.providerkit.list_prices import answer_of, price_of

if TYPE_CHECKING:
    from providers.azure.client import AzureClients

_SNAPSHOTS: Final = ("Standard HDD Managed Disks", "LRS Snapshots")
_ADDRESSES: Final = ("IP Addresses", "Standard IPv4 Static Public IP")


class AzurePrices(PriceProvider):
    """The public prices of Azure, in US dollars."""

    _clients: AzureClients

    def list_prices(self, items: Collection[PriceItem]) -> PriceAnswer:
        """Return the pay-as-you-go price of each item, or why it has none.

        A disk is priced by its tier of size, so its price is of the item with the size.
        """
        return answer_of(_Reading(self._clients).results(items))


class _Reading:
    """One reading of prices: a product of disks is read once for all its tiers."""

    def __init__(self, clients: AzureClients) -> None:
        self._clients = clients
        self._read_at = datetime.now(UTC)
        self._products: dict[tuple[str, str, str], list[RetailPrice]] = {}

    def results(self, items: Collection[PriceItem]) -> Iterator[ListPrice | MissingPrice]:
        for item in sorted(items, key=lambda item: (item.region, str(item))):
            match item.kind:
                case PricedKind.INSTANCE:
                    yield self._instance(item)
                case PricedKind.DISK:
                    yield self._disk(item)
                case PricedKind.SNAPSHOT:
                    yield self._by_meter(item, "Storage", *_SNAPSHOTS)
                case PricedKind.ADDRESS:
                    yield self._by_meter(item, "Virtual Network", *_ADDRESSES)

    def _instance(self, item: PriceItem) -> ListPrice | MissingPrice:
        rows = get_prices(
            self._clients,
            serviceName="Virtual Machines",
            armRegionName=item.region,
            armSkuName=item.type,
        )
        matching = [row.sku for row in rows if row.is_linux_on_demand]
        return price_of(item, matching, self._read_at)

    def _disk(self, item: PriceItem) -> ListPrice | MissingPrice:
        if item.size_gib is None:
            return MissingPrice(item, "the size of the disk is not known")
        tier = tier_of(item.type, item.size_gib)
        if tier is None:
            return MissingPrice(item, f"disks of type {item.type} have no price by size alone")
        return self._by_meter(item, "Storage", tier.product, tier.meter_name)

    def _by_meter(
        self, item: PriceItem, service: str, product: str, meter: str
    ) -> ListPrice | MissingPrice:
        key = (item.region, service, product)
        if key not in self._products:
            rows = get_prices(
                self._clients,
                serviceName=service,
                armRegionName=item.region,
                productName=product,
            )
            self._products[key] = list(rows)
        matching = [row.sku for row in self._products[key] if row.meter == meter]
        return price_of(item, matching, self._read_at)
