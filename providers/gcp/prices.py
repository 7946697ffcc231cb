"""List prices of machine types, persistent disks, snapshots and static addresses.

A machine type is sold as cores and memory, each by the hour under a SKU of its series
(https://cloud.google.com/compute/vm-instance-pricing). Names of SKUs are those of the catalog
(https://cloud.google.com/skus/sku-groups/on-demand-vm-instances).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from providers.gcp.catalog import GcpCatalog
from providers.gcp.sku_catalog import CatalogSku, get_skus
from skyclust.contract import (
    ListPrice,
    MissingPrice,
    PriceAnswer,
    PricedKind,
    PriceItem,
    PriceProvider,
    PriceUnit,
)
from skyclust.errors import NotFound
from skyclust.model.catalog import MIB_PER_GIB, InstanceType
from skyclust.providerkit.list_prices import answer_of, price_of

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients

SERIES: Final = {
    "c2": "Compute optimized( Instance)?",
    "c2d": "C2D AMD Instance",
    "c3": "C3 Instance",
    "c3d": "C3D Instance",
    "c4": "C4 Instance",
    "c4a": "C4A Arm Instance",
    "e2": "E2 Instance",
    "n1": "N1 Predefined Instance",
    "n2": "N2 Instance",
    "n2d": "N2D AMD Instance",
    "n4": "N4 Instance",
    "t2a": "T2A Arm Instance",
    "t2d": "T2D AMD Instance",
}
"""The series that are sold by cores and memory alone, each with the names of its SKUs."""

_PREDEFINED: Final = re.compile(r"[a-z0-9]+-(standard|highmem|highcpu)-\d+")
SHARED_CORES: Final[Mapping[str, Decimal]] = {
    "e2-micro": Decimal("0.25"),
    "e2-small": Decimal("0.5"),
    "e2-medium": Decimal(1),
}
"""The cores that shared-core types are charged for
(https://cloud.google.com/compute/docs/general-purpose-machines#e2-shared-core)."""

DISKS: Final = {
    "pd-standard": "Storage PD Capacity",
    "pd-balanced": "Balanced PD Capacity",
    "pd-ssd": "SSD backed PD Capacity",
}
"""The disk types that are sold by size alone, each with the name of its SKU."""

_SNAPSHOT: Final = "Storage PD Snapshot"
_ADDRESS: Final = "Static Ip Charge"
_PLACE: Final = r"( (running )?in .+)?"


class GcpPrices(GcpCatalog, PriceProvider):
    """The public prices of Compute Engine, in US dollars."""

    _clients: GcpClients

    def list_prices(self, items: Collection[PriceItem]) -> PriceAnswer:
        """Return the on-demand price of each item, or why it has none.

        The whole catalog of Compute Engine is read once: it has no filter.
        """
        read_at = datetime.now(UTC)
        if not items:
            return PriceAnswer()
        skus = _Skus(get_skus(self._clients), {item.region for item in items})
        return answer_of(self._results(items, skus, read_at))

    def _results(
        self, items: Collection[PriceItem], skus: _Skus, read_at: datetime
    ) -> Iterator[ListPrice | MissingPrice]:
        types: dict[str, Mapping[str, InstanceType]] = {}
        for item in sorted(items, key=lambda item: (item.region, str(item))):
            match item.kind:
                case PricedKind.INSTANCE:
                    if item.region not in types:
                        types[item.region] = self._types(item.region)
                    yield _instance(item, types[item.region].get(item.type), skus, read_at)
                case PricedKind.DISK:
                    yield _disk(item, skus, read_at)
                case PricedKind.SNAPSHOT:
                    yield skus.price(item, _SNAPSHOT, read_at)
                case PricedKind.ADDRESS:
                    yield skus.price(item, _ADDRESS, read_at)

    def _types(self, region: str) -> Mapping[str, InstanceType]:
        """Return the machine types of a region by name; none for a region that does not exist."""
        try:
            return {one.name: one for page in self.list_instance_types(region) for one in page}
        except NotFound:
            return {}


class _Skus:
    """The SKUs of the wanted regions."""

    def __init__(self, skus: Iterator[CatalogSku], regions: Collection[str]) -> None:
        self._by_region: dict[str, list[CatalogSku]] = defaultdict(list)
        for sku in skus:
            for region in regions:
                if sku.is_of(region):
                    self._by_region[region].append(sku)

    def price(self, item: PriceItem, name: str, read_at: datetime) -> ListPrice | MissingPrice:
        """Return the price of the one SKU of the item's region with a name (a pattern)."""
        pattern = re.compile(name + _PLACE)
        found = self._by_region[item.region]
        matching = [one.sku for one in found if pattern.fullmatch(one.description)]
        return price_of(item, matching, read_at)


def _instance(
    item: PriceItem, type_: InstanceType | None, skus: _Skus, read_at: datetime
) -> ListPrice | MissingPrice:
    """Return the price of a machine type: its cores and its memory, both of one currency."""
    series = SERIES.get(item.type.partition("-")[0])
    predefined = _PREDEFINED.fullmatch(item.type) or item.type in SHARED_CORES
    if series is None or not predefined:
        return MissingPrice(item, "the type is not sold by cores and memory alone")
    if type_ is None:
        return MissingPrice(item, "the region does not offer the type")
    parts: Sequence[ListPrice | MissingPrice] = [
        skus.price(item, f"{series} {part}", read_at) for part in ("Core", "Ram")
    ]
    core, memory = parts
    if isinstance(core, MissingPrice) or isinstance(memory, MissingPrice):
        reason = next(part.reason for part in parts if isinstance(part, MissingPrice))
        return MissingPrice(item, reason)
    if core.unit is not PriceUnit.HOUR or memory.unit is not PriceUnit.HOUR:
        return MissingPrice(item, "its price is not by the hour")
    cores = SHARED_CORES.get(item.type, Decimal(type_.cores))
    gib = Decimal(type_.memory_mib) / MIB_PER_GIB
    dates = [one.effective_from for one in (core, memory) if one.effective_from is not None]
    return ListPrice(
        item=item,
        amount=cores * core.amount + gib * memory.amount,
        currency=core.currency,
        unit=PriceUnit.HOUR,
        sku=f"{core.sku}+{memory.sku}",
        effective_from=max(dates, default=None),
        read_at=read_at,
    )


def _disk(item: PriceItem, skus: _Skus, read_at: datetime) -> ListPrice | MissingPrice:
    name = DISKS.get(item.type)
    if name is None:
        return MissingPrice(item, "disks of this type are not sold by size alone")
    found = skus.price(item.of_any_size, name, read_at)
    return found if isinstance(found, ListPrice) else MissingPrice(item, found.reason)
