"""Measure forecasts and the search for anomalies on generated and public series.

Every day of a month is today in turn. Run as a process of its own; prints a line of JSON.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Final

from benchmarks.bills import Bill, generated_bills
from benchmarks.forecast_scores import Score, pooled, score, todays
from benchmarks.measuring import report
from benchmarks.public_series import public_series

START: Final = date(2025, 1, 1)
MONTH: Final = date(2025, 12, 1)
DAYS: Final = 400

SHORT_FROM: Final = date(2025, 9, 17)
"""A third of the bills begin only here, eleven weeks before the month."""

SEED: Final = 20
"""Figures are reported on this seed; numbers of the forecast were chosen on seed 1."""


@dataclass(frozen=True)
class Case:
    """A series, and the days that are today in turn; `rival` also fits Holt-Winters."""

    bill: Bill
    days: Sequence[date]
    first: date | None
    rival: bool


def scores(cases: Sequence[Case], *, processes: int = 1) -> list[Score]:
    """Return the score of each case."""
    if processes == 1:
        return [scored(case) for case in cases]
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(scored, cases, chunksize=4))


def scored(case: Case) -> Score:
    """Return the score of one case."""
    return score(case.bill, case.days, first=case.first, rival=case.rival)


def bill_cases(count: int, *, seed: int, step: int, rival: bool) -> list[Case]:
    """Return generated bills, with every so many days of the month as today."""
    bills = generated_bills(count, days=DAYS, start=START, seed=seed)
    return [
        Case(bill, todays(MONTH, step=step), SHORT_FROM if number % 3 == 0 else None, rival)
        for number, bill in enumerate(bills)
    ]


def public_cases(*, step: int, rival: bool, every: int = 1) -> Iterator[Case]:
    """Yield public series, or every so many of them."""
    for bill, month in public_series()[::every]:
        yield Case(bill, todays(month, step=step), None, rival)


def main(arguments: Sequence[str]) -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forecasts", description=__doc__)
    parser.add_argument("--series", type=int, default=210)
    parser.add_argument("--every", type=int, default=3, help="every so many public series")
    parser.add_argument("--rival-step", type=int, default=10, help="days between fits of the rival")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args(arguments)
    figures = {}
    for name, step, rival in (
        ("every_day", 1, False),
        ("beside_holt_winters", options.rival_step, True),
    ):
        bills = scores(
            bill_cases(options.series, seed=options.seed, step=step, rival=rival),
            processes=options.processes,
        )
        public = scores(
            list(public_cases(step=step, rival=rival, every=options.every)),
            processes=options.processes,
        )
        figures[name] = {
            "bills": pooled(bills),
            "public": pooled(public),
            "together": pooled(bills + public),
        }
    report(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
