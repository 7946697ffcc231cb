"""A day is known when every account that is waited for has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from skyclust.costs.ledger.coverage import AccountCoverage, BilledMonths, PeriodCoverage
from skyclust.costs.ledger.known_days import gap_sentences, known_days

START, END = date(2026, 5, 1), date(2026, 5, 31)


def account(known: Sequence[int], **changes: Any) -> AccountCoverage:
    """Return an account with rows on these days of May."""
    values: dict[str, Any] = {
        "billing_account_id": "1",
        "source": "export:1",
        "provider": "aws",
        "authoritative": True,
        "days_with_rows": tuple(date(2026, 5, day) for day in known),
        "days_empty": (),
        "gaps": tuple(date(2026, 5, day) for day in range(1, 31) if day not in known),
        "currencies": (BilledMonths("USD", START, START),),
        "periods": (PeriodCoverage(START, provisional=True, produced_at=None),),
    }
    return AccountCoverage(**(values | changes))


def days(*numbers: int) -> set[date]:
    return {date(2026, 5, number) for number in numbers}


def test_without_an_account_no_day_is_known() -> None:
    assert known_days([], START, END).known == frozenset()
    shadow = account(range(1, 31), authoritative=False)
    assert known_days([shadow], START, END).known == frozenset()


def test_an_account_that_joined_later_is_waited_for_from_then_on() -> None:
    early, late = account(range(3, 21)), account([10, 11, 13], billing_account_id="2")
    known = known_days([early, late], START, END)
    assert known.known == days(*range(3, 12), 13)
    assert known.known < known.provisional


@pytest.mark.parametrize("closed", [True, False])
def test_the_running_day_is_provisional_whoever_lacks_it(closed: bool) -> None:
    today, tomorrow = 15, date(2026, 5, 16)
    at = datetime(2026, 5, today, 6, tzinfo=UTC)
    periods = (PeriodCoverage(START, not closed, at),)
    has_it = account(range(1, today + 1), periods=periods)
    lacks_it = account(range(1, today - 1), periods=periods, billing_account_id="2")
    for accounts in ([has_it], [has_it, lacks_it]):
        changing = known_days(accounts, START, tomorrow).provisional
        assert date(2026, 5, today) in changing
        assert (START in changing) is not closed


def test_a_closed_month_is_final_after_its_last_delivery() -> None:
    later = PeriodCoverage(START, provisional=False, produced_at=datetime(2026, 6, 3, tzinfo=UTC))
    closed = account(range(1, 31), periods=(later,))
    assert known_days([closed], START, END).provisional == frozenset()


def test_filters_leave_the_accounts_that_matter() -> None:
    aws = account(range(1, 31))
    gcp = account([1], provider="gcp", billing_account_id="2")
    assert known_days([aws, gcp], START, END).known == days(1)
    assert len(known_days([aws, gcp], START, END, {"provider": ("aws",)}).known) == 30
    assert len(known_days([aws, gcp], START, END, {"billing_account": ("1",)}).known) == 30


def test_the_last_days_fill_up_until_a_later_delivery() -> None:
    at = datetime(2026, 5, 30, 6, tzinfo=UTC)
    whole = account(range(1, 31), periods=(PeriodCoverage(START, False, at),))
    assert known_days([whole], START, END).filling_from == date(2026, 5, 29)
    behind = account(range(1, 27))
    assert known_days([behind], START, END).filling_from == date(2026, 5, 27)
    later = account(range(1, 31), periods=(PeriodCoverage(START, False, at.replace(month=6)),))
    assert known_days([later], START, END).filling_from is None


def test_an_abandoned_account_makes_no_forecast_wait() -> None:
    abandoned = account(range(1, 11), billing_account_id="2")
    assert known_days([account(range(1, 31)), abandoned], START, END).filling_from is None
    assert gap_sentences([abandoned], START, END)[0].endswith("2026-05-11 to 2026-05-30.")


def test_gaps_are_named_by_their_ends() -> None:
    some = account([2, 3, 6, 9, 12])
    assert gap_sentences([some], START, END) == [
        "1 (export:1): the cost of 25 days is not known, 2026-05-01, 2026-05-04 to 2026-05-05,"
        " 2026-05-07 to 2026-05-08 and 2 more times."
    ]
    assert gap_sentences([some], date(2026, 5, 2), date(2026, 5, 4)) == []
