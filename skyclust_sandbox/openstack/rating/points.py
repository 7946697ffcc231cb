"""Rated points: what each server and volume costs in each hour of the last 90 days.

As CloudKitty does, an hour is rated once it is over. Prices have no currency.
"""

from __future__ import annotations

import math
import uuid
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.wire import Body, now

HOUR: Final = timedelta(hours=1)
DAYS: Final = 90
CORE_HOUR: Final = Decimal("0.0123")
GIB_HOUR: Final = Decimal("0.0041")
VOLUME_GIB_HOUR: Final = Decimal("0.00015")

_SAMPLE: Final = uuid.UUID("5b1d2f0c-6a3e-4d0e-9a55-0c2f3b1e7a10")


@dataclass(frozen=True)
class Rated:
    """A resource with its price of an hour."""

    metric: str
    id: str
    project_id: str
    created: datetime
    unit: str
    quantity: Decimal
    price: Decimal
    metadata: Body

    def point(self) -> Body:
        """Return the point of one hour, as JSON has it: numbers are doubles."""
        return {
            "vol": {"unit": self.unit, "qty": float(self.quantity)},
            "rating": {"price": float(self.price)},
            "groupby": {"id": self.id, "project_id": self.project_id},
            "metadata": self.metadata,
        }


@dataclass(frozen=True)
class RatedBill:
    """The hours that are rated, from `first` on, and the resources in the order of each hour."""

    first: datetime
    hours: int
    resources: Sequence[Rated]

    def count(self) -> int:
        """Return the number of points: one for each hour and each resource that existed in it."""
        return sum(hours for _, hours in self.hours_of_resources())

    def hours_of_resources(self) -> list[tuple[Rated, int]]:
        """Return the resources with the number of their hours, without those that have none."""
        counted = [(one, self.hours - self._begin(one)) for one in self.resources]
        return [(one, hours) for one, hours in counted if hours > 0]

    def page(self, offset: int, limit: int) -> Iterator[tuple[datetime, Rated]]:
        """Yield so many points after the first `offset`, oldest first, each with its hour.

        A bill has hundreds of thousands of points, so those of other pages are only counted.
        """
        begins = sorted(self._begin(one) for one in self.resources)
        left = limit
        for number in range(self.hours):
            existing = bisect_right(begins, number)
            if offset >= existing:
                offset -= existing
                continue
            hour = self.first + number * HOUR
            points = [one for one in self.resources if self._begin(one) <= number]
            for one in points[offset : offset + left]:
                yield hour, one
            left -= len(points[offset : offset + left])
            offset = 0
            if left <= 0:
                return

    def _begin(self, resource: Rated) -> int:
        """Return the number of the first hour at whose begin the resource existed."""
        return max(0, math.ceil((resource.created - self.first) / HOUR))


def rated_bill(context: Context, begin: datetime, end: datetime) -> RatedBill:
    """Return the rated hours of [begin, end): those that are over, of the last 90 days."""
    running = now().replace(minute=0, second=0, microsecond=0)
    earliest = running - timedelta(days=DAYS)
    first = max(begin.replace(minute=0, second=0, microsecond=0), earliest)
    hours = math.ceil((min(end, running) - first) / HOUR)
    return RatedBill(first, max(0, hours), _resources(context))


def _resources(context: Context) -> list[Rated]:
    sample = context.cloud.conditions.billing.sample
    if sample is not None:
        return [_sample(number, context) for number in range(sample)]
    region = context.region
    found = [
        Rated(
            "instance",
            server.id,
            server.project_id,
            server.created,
            "instance",
            Decimal(1),
            server.flavor.vcpus * CORE_HOUR + Decimal(server.flavor.memory) / 1024 * GIB_HOUR,
            {"name": server.name, "flavor_name": server.flavor.name},
        )
        for server in region.servers.values()
    ]
    found += [
        Rated(
            "volume.size",
            volume.id,
            volume.project_id,
            volume.created,
            "GiB",
            Decimal(volume.size),
            volume.size * VOLUME_GIB_HOUR,
            {"volume_type": volume.volume_type},
        )
        for volume in region.volumes.values()
    ]
    if context.is_admin:
        _, _, wanted = context.request.args.get("filters", "").partition("project_id:")
        return [one for one in found if not wanted or one.project_id == wanted]
    return [one for one in found if one.project_id == context.project_id]


def _sample(number: int, context: Context) -> Rated:
    return Rated(
        "instance",
        str(uuid.uuid5(_SAMPLE, f"{context.call.region} {number}")),
        context.project_id,
        now() - timedelta(days=200),
        "instance",
        Decimal(1),
        (number + 1) * CORE_HOUR,
        {"name": f"sample-{number}", "flavor_name": "m1.small"},
    )
