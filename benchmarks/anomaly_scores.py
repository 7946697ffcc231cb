"""Scores of the search for anomalies: generated bills with planted spikes, whose truth is known.

Recall is the share of planted spikes that an event of an increase covers. A false alarm is an event
that no spike explains, on bills without a planted spike. Days are judged once there are 56 before.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from benchmarks.bills import Bill, daily_series, generated_bills
from benchmarks.measuring import report
from skyclust.costs.anomalies.anomaly import Anomaly, Direction
from skyclust.costs.anomalies.search import find_anomalies

START: Final = date(2025, 1, 1)
DAYS: Final = 200
QUARTER_DAYS: Final = 91

CALM_KINDS: Final = (
    "office hours",
    "steady",
    "constant",
    "trend",
    "growth",
    "intermittent",
    "autoscaled",
    "wandering",
    "weekly batch",
    "monthly batch",
)
"""Kinds of bills that hold no anomaly, but for steps: those are events, and true ones."""

SPIKED_KINDS: Final = tuple(kind for kind in CALM_KINDS if kind != "intermittent")
"""A spike in costs that are zero on most days is no threefold of anything."""


@dataclass(frozen=True)
class Detection:
    """What was planted and detected, what was detected for no reason, and in how many quarters."""

    planted: int
    detected: int
    false_alarms: int
    quarters: float
    worst_series: int
    by_kind: dict[str, float]

    def figures(self) -> dict[str, object]:
        """Return recall, and false alarms a series and quarter."""
        return {
            "planted": self.planted,
            "recall": round(self.detected / self.planted, 3),
            "false_alarms_a_quarter": round(self.false_alarms / self.quarters, 3),
            "false_alarms_of_the_worst_series": self.worst_series,
            "false_alarms_a_quarter_by_kind": self.by_kind,
        }


def detection(count: int, *, seed: int, factor: float = 3.0) -> Detection:
    """Return how spikes of a factor are detected, one each in so many bills, and false alarms."""
    bills = [
        bill
        for bill in generated_bills(count, days=DAYS, start=START, seed=seed)
        if bill.kind in CALM_KINDS
    ]
    random = np.random.default_rng(seed)
    planted = [_spiked(bill, random, factor) for bill in bills if bill.kind in SPIKED_KINDS]
    detected = sum(
        any(day in one.days and one.direction is Direction.INCREASE for one in _search(bill))
        for bill, day in planted
    )
    alarms = {bill.name: len([e for e in _search(bill) if not _is_step(bill, e)]) for bill in bills}
    quarters = dict.fromkeys(CALM_KINDS, 0.0)
    by_kind = dict(quarters)
    for bill in bills:
        quarters[bill.kind] += (_last(bill) - _first(bill)).days / QUARTER_DAYS
        by_kind[bill.kind] += alarms[bill.name]
    return Detection(
        len(planted),
        detected,
        sum(alarms.values()),
        sum(quarters.values()),
        max(alarms.values()),
        {kind: round(by_kind[kind] / quarters[kind], 2) for kind in CALM_KINDS if quarters[kind]},
    )


def _search(bill: Bill) -> list[Anomaly]:
    today = _last(bill) + timedelta(days=2)
    found = find_anomalies([daily_series(bill, today)], today)
    return [one for one in found if one.start >= _first(bill)]


def _first(bill: Bill) -> date:
    return bill.day(len(bill.usage) - 2 - QUARTER_DAYS)


def _last(bill: Bill) -> date:
    return bill.day(len(bill.usage) - 3)


def _spiked(bill: Bill, random: np.random.Generator, factor: float) -> tuple[Bill, date]:
    """Return a bill with one day of its last quarter at a multiple of its cost, and that day."""
    usage = bill.usage.copy()
    days = np.flatnonzero(usage > 0)
    last = len(usage) - 4
    index = int(random.choice(days[(days > last - QUARTER_DAYS + 4) & (days <= last)]))
    usage[index] *= factor
    return Bill(bill.name, bill.kind, bill.start, usage, bill.charges), bill.day(index)


def _is_step(bill: Bill, event: Anomaly) -> bool:
    """Return whether an event is the step of a constant bill: a volume was added, truly."""
    return bill.kind == "constant" and event.level_shift


def main(arguments: Sequence[str]) -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.anomaly_scores")
    parser.add_argument("--series", type=int, default=210)
    parser.add_argument("--seed", type=int, default=20)
    options = parser.parse_args(arguments)
    report(detection(options.series, seed=options.seed).figures())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
