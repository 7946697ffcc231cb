"""How much changed over time, for a chart: by the day, or by the hour while all is younger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from skyclust.model.resource import ChangeKind
from skyclust.store import resources, retention
from skyclust.store.engine import Store

DAYS: Final = 14
HOURS: Final = 24


@dataclass(frozen=True)
class ChangePeriod:
    """An hour or a day in UTC, and how many resources changed in it."""

    start: datetime
    label: str
    counts: Mapping[ChangeKind, int]


def change_periods(
    store: Store, workspace_id: str, now: datetime
) -> tuple[str, list[ChangePeriod]]:
    """Return "day" or "hour", and the last DAYS days or HOURS hours up to `now`, the oldest first.

    Hours, when nothing changed before today and yesterday. Periods whose versions were pruned are
    left out.
    """
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [day - timedelta(days=ago) for ago in reversed(range(DAYS))]
    by_day = _periods(store, workspace_id, days, "%d %b")
    if any(sum(period.counts.values()) for period in by_day[:-2]):
        return "day", by_day
    hour = now.replace(minute=0, second=0, microsecond=0)
    hours = [hour - timedelta(hours=ago) for ago in reversed(range(HOURS))]
    return "hour", _periods(store, workspace_id, hours, "%H:00")


def _periods(
    store: Store, workspace_id: str, starts: Sequence[datetime], label: str
) -> list[ChangePeriod]:
    """Return the period from each start to the next, all of one length."""
    length = starts[1] - starts[0]
    with store.reading() as connection:
        kept = retention.kept_from(connection, workspace_id)
        return [
            ChangePeriod(
                start,
                start.strftime(label),
                resources.count_changes(
                    connection, workspace_id, since=start, until=start + length
                ),
            )
            for start in starts
            if kept is None or start >= kept
        ]
