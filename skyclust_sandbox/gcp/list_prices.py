"""What machine types cost an hour: their cores and their memory, by series.

The prices are of the size that https://cloud.google.com/compute/vm-instance-pricing has; they are
the same in every region.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from skyclust_sandbox.gcp.machine_types import SERIES

MIB_PER_GIB: Final = 1024
SHARED_CORES: Final[Mapping[str, tuple[Decimal, int]]] = {
    "e2-micro": (Decimal("0.25"), 1),
    "e2-small": (Decimal("0.5"), 2),
    "e2-medium": (Decimal(1), 4),
}
"""The cores that shared-core types are charged for, and their GiB of memory."""


@dataclass(frozen=True)
class SeriesPrice:
    """The name of a series in its SKUs, and the prices of a core and of a GiB for an hour."""

    name: str
    core: Decimal
    gib: Decimal


SERIES_PRICES: Final[Mapping[str, SeriesPrice]] = {
    "e2": SeriesPrice("E2 Instance", Decimal("0.0281"), Decimal("0.00375")),
    "n1": SeriesPrice("N1 Predefined Instance", Decimal("0.040692"), Decimal("0.005453")),
    "n2": SeriesPrice("N2 Instance", Decimal("0.04073"), Decimal("0.005454")),
    "n2d": SeriesPrice("N2D AMD Instance", Decimal("0.03543"), Decimal("0.004746")),
    "c3": SeriesPrice("C3 Instance", Decimal("0.04378"), Decimal("0.005886")),
    "c4a": SeriesPrice("C4A Arm Instance", Decimal("0.0389"), Decimal("0.0044")),
    "t2a": SeriesPrice("T2A Arm Instance", Decimal("0.0308"), Decimal("0.0041")),
}


def hour_prices() -> dict[str, Decimal]:
    """Return the price of an hour of every machine type."""
    prices = {
        name: cores * SERIES_PRICES["e2"].core + gib * SERIES_PRICES["e2"].gib
        for name, (cores, gib) in SHARED_CORES.items()
    }
    for series in SERIES:
        price = SERIES_PRICES[series.name]
        for kind, mib_per_core in series.memory_per_cpu.items():
            for cores in series.cpus:
                gib = Decimal(mib_per_core * cores) / MIB_PER_GIB
                prices[f"{series.name}-{kind}-{cores}"] = cores * price.core + gib * price.gib
    return prices
