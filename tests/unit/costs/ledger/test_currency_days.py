"""A day is known in a currency when every account that bills in it has delivered the day."""

from __future__ import annotations

from datetime import date

import pytest

from skyclust.costs.ledger.coverage import BilledMonths
from skyclust.costs.ledger.currency_days import CurrencyDays, currency_days
from tests.unit.costs.ledger.test_known_days import END, START, account, days

USD = (BilledMonths("USD", START, START),)
EUR = (BilledMonths("EUR", START, START),)
LATE = account([2, 3], currencies=EUR, provider="openstack", billing_account_id="3")
EARLY = account([1, 2, 3], currencies=USD, periods=())
SECOND = account([3, 4], currencies=USD, provider="gcp", billing_account_id="2", source="bq")


def test_the_accounts_of_one_currency_say_nothing_of_another() -> None:
    found = currency_days([EARLY, SECOND, LATE], START, END)
    assert found["EUR"].delivered == days(2, 3)
    assert found["USD"].delivered == days(3)


def test_a_day_before_the_first_of_an_account_is_not_known() -> None:
    assert currency_days([EARLY, SECOND], START, END)["USD"].delivered == days(3)
    assert currency_days([account([], currencies=USD), EARLY], START, END)["USD"] == CurrencyDays(
        frozenset(), frozenset(days(*range(1, 31)))
    )


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 6, 1), date(2026, 8, 1), True),
        (date(2026, 7, 1), date(2026, 8, 1), False),
        (date(2026, 1, 1), date(2026, 4, 1), True),
        (date(2026, 1, 1), date(2026, 3, 1), False),
    ],
)
def test_an_account_is_expected_from_a_month_before_its_charges_until_a_month_after(
    first: date, last: date, expected: bool
) -> None:
    other = account([], currencies=(BilledMonths("USD", first, last),), billing_account_id="2")
    delivered = currency_days([EARLY, other], START, END)["USD"].delivered
    assert delivered == (set() if expected else days(1, 2, 3))


def test_a_day_that_no_account_delivered_is_not_known() -> None:
    closed = account([], currencies=(BilledMonths("USD", date(2026, 1, 1), date(2026, 2, 1)),))
    assert currency_days([closed], START, END)["USD"].delivered == set()


def test_filters_and_sources_choose_the_accounts() -> None:
    assert currency_days([EARLY, SECOND], START, END, {"provider": ("aws",)}) == {
        "USD": CurrencyDays(frozenset(days(1, 2, 3)))
    }
    shadow = account([5], source="ce:1", authoritative=False)
    both = [EARLY, shadow]
    assert currency_days(both, START, END)["USD"].delivered == days(1, 2, 3)
    assert currency_days(both, START, END, sources=["ce:1"])["USD"].delivered == days(5)


def test_a_currency_that_amounts_are_converted_to_needs_all_accounts() -> None:
    found = currency_days([EARLY, LATE], START, END, into="EUR")
    assert found["EUR"].delivered == days(2, 3)
    assert found["USD"].delivered == days(1, 2, 3)


def test_an_account_without_rows_bills_in_no_currency() -> None:
    assert currency_days([account([1], currencies=())], START, END) == {}
