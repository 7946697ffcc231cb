"""Days in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

MOST_RUNS: Final = 3
"""Runs of days that a sentence names."""


def day_runs(days: Sequence[date]) -> str:
    """Return sorted days in words, those that follow each other by the first and the last."""
    runs: list[tuple[date, date]] = []
    for day in days:
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    words = [
        str(first) if first == last else f"{first} to {last}" for first, last in runs[:MOST_RUNS]
    ]
    more = len(runs) - len(words)
    return ", ".join(words) + (f" and {more} more times" if more else "")
