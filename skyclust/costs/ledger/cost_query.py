"""A question about costs, and which part of the ledger answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from skyclust.errors import InvalidRequest

TAG: Final = "tag:"

DIMENSIONS: Final = (
    "workspace",
    "provider",
    "billing_account",
    "sub_account",
    "service",
    "service_category",
    "region",
    "resource_kind",
    "resource",
    "charge_category",
    "pricing_category",
    "commitment",
    "day",
    "month",
)
"""The dimensions beside `tag:KEY`."""

DAY_COLUMNS: Final = {
    "provider": "provider",
    "billing_account": "billing_account_id",
    "sub_account": "sub_account_id",
    "service": "service_name",
    "region": "region_id",
    "charge_category": "charge_category",
    "day": "charge_day",
}
"""The columns of the day rollup by dimension; `month` is made of the day."""

MONTH_COLUMNS: Final = {
    "provider": "provider",
    "billing_account": "billing_account_id",
    "sub_account": "sub_account_id",
    "service": "service_name",
    "service_category": "service_category",
    "region": "region_id",
    "resource_kind": "resource_type",
    "charge_category": "charge_category",
    "pricing_category": "pricing_category",
    "month": "charge_month",
}
"""The columns of the month rollup by dimension."""


class Grain(StrEnum):
    """What answers a query: a rollup, or the slices themselves."""

    MONTHS = "months"
    DAYS = "days"
    SLICES = "slices"


@dataclass(frozen=True)
class CostQuery:
    """Costs of the days [start, end) in a time zone, by dimensions.

    `where` are the allowed values by dimension, None among them for rows without a value; several
    dimensions must all match. Without `sources` the authoritative source of each account counts;
    with them these do, shadows too. A row belongs to the day on which its charge period begins in
    the time zone; a charge of a whole UTC day thus stays one charge.
    """

    start: date
    end: date
    by: Sequence[str] = ()
    where: Mapping[str, Sequence[str | date | None]] = field(default_factory=dict)
    sources: Sequence[str] | None = None
    time_zone: str = "UTC"

    @property
    def dimensions(self) -> list[str]:
        """Return every dimension that the query uses."""
        return [*self.by, *(name for name in self.where if name not in self.by)]

    @property
    def tags(self) -> list[str]:
        """Return the keys of the tags that the query uses."""
        return [name[len(TAG) :] for name in self.dimensions if name.startswith(TAG)]

    @property
    def begin(self) -> datetime:
        """Return when the first day begins, in UTC."""
        return _midnight(self.start, self.time_zone)

    @property
    def finish(self) -> datetime:
        """Return when the last day is over, in UTC."""
        return _midnight(self.end, self.time_zone)

    @property
    def charge_days(self) -> tuple[date, date]:
        """Return the UTC days that may have rows of the query, half open."""
        return self.begin.date(), (self.finish - timedelta(microseconds=1)).date() + timedelta(1)

    def require_valid(self) -> None:
        """Raise InvalidRequest for an unknown dimension or time zone, and for an empty range."""
        if self.start >= self.end:
            raise InvalidRequest(
                f"The range from {self.start} to {self.end} has no day.",
                hint="The end is exclusive: it is the day after the last one.",
            )
        for name in self.dimensions:
            if name not in DIMENSIONS and not name.startswith(TAG):
                raise InvalidRequest(
                    f"{name!r} is no dimension of costs.",
                    hint=f"Use one of: {', '.join(DIMENSIONS)}, or tag:KEY.",
                )
        if len(set(self.by)) < len(self.by):
            raise InvalidRequest("A dimension is named twice.")
        _zone(self.time_zone)


def grain(query: CostQuery) -> Grain:
    """Return the coarsest part of the ledger that has all dimensions and days of a query.

    Whether the month rollup has the query's tags is for the caller to verify.
    """
    named = {name for name in query.dimensions if name != "workspace" and not name.startswith(TAG)}
    if query.time_zone != "UTC":
        return Grain.SLICES
    whole_months = query.start.day == 1 and query.end.day == 1
    if whole_months and named <= set(MONTH_COLUMNS):
        return Grain.MONTHS
    if named <= {*DAY_COLUMNS, "month"} and not query.tags:
        return Grain.DAYS
    return Grain.SLICES


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=_zone(zone)).astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidRequest(
            f"{name!r} is no time zone.", hint="Name one of the tz database, such as Europe/Berlin."
        ) from error
