"""The runs that are late: due and not taken, or taken and not begun."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from skyclust.embedded.prefect_api import ask
from skyclust.embedded.worker import WORK_POOL

LATE_AFTER: Final = timedelta(seconds=60)
"""A worker takes a run that is due within seconds, and a busy one within a minute."""

BEGUN_WITHIN: Final = timedelta(seconds=120)
"""A worker starts the process of a run within seconds, and many at once within two minutes."""

_NAMED: Final = 5
"""Runs or schedules that a sentence names; the others are counted."""


def late_runs(api_url: str, now: datetime) -> list[str]:
    """Return a sentence for the runs that no worker took, and for those that did not begin.

    Raises what `skyclust.embedded.prefect_api.ask` raises.
    """
    return [*_not_taken(api_url, now), *_not_begun(api_url, now)]


def _not_taken(api_url: str, now: datetime) -> list[str]:
    late = {
        "flow_runs": {
            "state": {"type": {"any_": ["SCHEDULED"]}},
            "next_scheduled_start_time": {"before_": (now - LATE_AFTER).isoformat()},
        },
        "work_pools": {"name": {"any_": [WORK_POOL]}},
    }
    number = int(ask(api_url, "/flow_runs/count", late))
    if not number:
        return []
    [first] = ask(
        api_url,
        "/flow_runs/filter",
        {**late, "sort": "NEXT_SCHEDULED_START_TIME_ASC", "limit": 1},
    ) or [None]
    since = f": {first['name']} by {age(first['next_scheduled_start_time'], now)}" if first else ""
    return [f"{number} have not begun{since}."]


def _not_begun(api_url: str, now: datetime) -> list[str]:
    taken = {
        "flow_runs": {"state": {"type": {"any_": ["PENDING"]}}},
        "work_pools": {"name": {"any_": [WORK_POOL]}},
        "limit": 200,
    }
    names = [
        f"{run['name']} ({age(run['state']['timestamp'], now)} ago)"
        for run in ask(api_url, "/flow_runs/filter", taken)
        if now - parsed(run["state"]["timestamp"]) > BEGUN_WITHIN
    ]
    if not names:
        return []
    return [f"A worker took these and did not begin them: {some(names)}."]


def some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def age(text: str, now: datetime) -> str:
    """Return how long ago a time of Prefect's API is, in seconds."""
    return f"{max(0.0, (now - parsed(text)).total_seconds()):.0f} s"


def parsed(text: str) -> datetime:
    """Return a time of Prefect's API."""
    return datetime.fromisoformat(text)
