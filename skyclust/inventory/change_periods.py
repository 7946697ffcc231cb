"""How much changed over time, for a chart: by the day, or by the hour while all is younger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from skyclust.model.resource import ChangeKind
from skyclust.store import resources, retention

DAYS: Final = 14
HOURS: Final = 24


@dataclass(frozen=True)
class ChangePeriod:
    """An hour or a day in UTC, and how many resources changed in it."""

    start: datetime
    label: str
    counts: Mapping[ChangeKind, int]


def change_periods(
    connection: Connection, workspace_id: str, now: datetime
) -> tuple[str, list[ChangePeriod]]:
    """Return "day" or "hour", and the last DAYS days or HOURS hours up to `now`, the oldest first.

    Hours, when nothing changed before today and yesterday. Periods whose versions were pruned are
    left out.
    """
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    by_day = _periods(connection, workspace_id, day, timedelta(days=1), DAYS, "%d %b")
    if any(sum(period.counts.values()) for period in by_day[:-2]):
        return "day", by_day
    hour = now.replace(minute=0, second=0, microsecond=0)
    return "hour", _periods(connection, workspace_id, hour, timedelta(hours=1), HOURS, "%H:00")


def _periods(  # noqa: PLR0917  a row of periods has this many properties
    connection: Connection,
    workspace_id: str,
    last: datetime,
    length: timedelta,
    number: int,
    label: str,
) -> list[ChangePeriod]:
    first = last - length * (number - 1)
    kept = retention.kept_from(connection, workspace_id)
    starts = [first + length * index for index in range(number)]
    return [
        ChangePeriod(
            start,
            start.strftime(label),
            resources.count_changes(connection, workspace_id, since=start, until=start + length),
        )
        for start in starts
        if kept is None or start >= kept
    ]
