"""A second run, some days later, has the events of the first under the same ids."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from benchmarks.bills import KINDS, Bill, daily_series, generated_bills
from skyclust.costs.anomalies.search import find_anomalies

TODAY = date(2025, 7, 1)
BILLS = generated_bills(len(KINDS), days=200, start=date(2025, 1, 1), seed=6)
STEPS = [bill for bill in BILLS if bill.kind in {"steps", "spikes", "autoscaled", "trend"}]


@pytest.mark.parametrize("bill", STEPS, ids=lambda bill: bill.kind)
def test_events_keep_their_ids_while_days_pass(bill: Bill) -> None:
    known: set[str] = set()
    for days in range(0, 12, 2):
        today = TODAY + timedelta(days=days)
        events = find_anomalies([daily_series(bill, today)], today)
        recent = {one.id for one in events}
        assert known <= recent
        known = {one.id for one in events if one.last_day >= today - timedelta(days=80)}
        assert len(recent) == len(events)


def test_there_are_events_to_keep() -> None:
    events = find_anomalies([daily_series(bill, TODAY) for bill in STEPS], TODAY)
    assert len(events) >= 2


def test_two_series_with_the_same_days_have_different_ids() -> None:
    bill = next(bill for bill in BILLS if bill.kind == "spikes")
    twin = Bill("twin", bill.kind, bill.start, bill.usage, bill.charges)
    events = find_anomalies([daily_series(one, TODAY) for one in (bill, twin)], TODAY)
    assert len({one.id for one in events}) == len(events) > 0
