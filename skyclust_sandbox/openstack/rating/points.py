"""Rated points: what each server and volume costs in each hour of the last 90 days.

As CloudKitty does, an hour is rated once it is over. Prices have no currency.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
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


def rated_hours(
    context: Context, begin: datetime, end: datetime
) -> Iterator[tuple[datetime, Rated]]:
    """Yield each rated hour of [begin, end) with each resource that existed, oldest first."""
    resources = _resources(context)
    first = now().replace(minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    hour = max(begin.replace(minute=0, second=0, microsecond=0), first)
    while hour < end and hour + HOUR <= now():
        yield from ((hour, one) for one in resources if one.created <= hour)
        hour += HOUR


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
