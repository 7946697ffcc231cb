"""Breakdowns, summaries, trends and comparisons add up, by currency, with gaps as gaps."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyclust.costs.analysis.allocation import allocation_coverage
from skyclust.costs.analysis.breakdown import break_down
from skyclust.costs.analysis.comparison import compare, range_before
from skyclust.costs.analysis.frames import sum_by
from skyclust.costs.analysis.summary import summarize
from skyclust.costs.analysis.trend import Grain, trend
from skyclust.costs.analysis.unit_cost import unit_costs, units_by_resource
from skyclust.costs.ledger.currency_days import CurrencyDays
from skyclust.errors import InvalidRequest
from skyclust.model.cost_metric import CostMetric
from tests.unit.costs.frames import frame

D = Decimal
AMOUNT = st.decimals(-(10**6), 10**6, places=12)
SERVICE = st.sampled_from(["Compute", "Storage", "Égalité", None])


def test_a_bill_that_credits_offset_shows_as_offset_and_not_as_nothing() -> None:
    costs = frame(
        ["charge_category"], ("Usage", "EUR", 90), ("Tax", "EUR", 10), ("Credit", "EUR", -100)
    )
    [summary] = summarize(costs)
    assert (summary.gross, summary.credits, summary.net) == (D(100), D(-100), D(0))
    assert summary.tax == D(10)
    assert summary.savings is None


def test_two_currencies_are_never_added() -> None:
    costs = frame(["service"], ("Compute", "EUR", 1), ("Compute", "USD", 2))
    assert [(row.currency, row.amount) for row in break_down(costs, ["service"])] == [
        ("EUR", D(1)),
        ("USD", D(2)),
    ]


@given(st.lists(st.tuples(SERVICE, st.sampled_from(["EUR", "USD"]), AMOUNT), max_size=30))
@settings(max_examples=60, deadline=None)
def test_a_breakdown_adds_up_however_many_rows_are_shown(
    rows: list[tuple[str | None, str, Decimal]],
) -> None:
    costs = frame(["service"], *rows)
    for most in (None, 1, 2):
        shown = break_down(costs, ["service"], most=most)
        for currency in ("EUR", "USD"):
            assert sum(row.amount for row in shown if row.currency == currency) == sum(
                amount for _, one, amount in rows if one == currency
            )
    assert sum(sum_by(costs, [])["rows"]) == len(rows)


def test_a_metric_that_is_not_known_is_left_out_and_not_zero() -> None:
    assert (
        break_down(frame(["service"], ("A", "EUR", 1)), ["service"], metric=CostMetric.LIST) == []
    )


def test_a_dimension_that_the_costs_do_not_have_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="region"):
        break_down(frame(["service"], ("A", "EUR", 1)), ["region"])


def test_a_day_that_no_delivery_covers_is_a_gap_and_a_covered_one_zero() -> None:
    days = [date(2026, 1, day) for day in (1, 2, 3)]
    points = trend(
        frame(["day"], (days[0], "EUR", 5)),
        days[0],
        date(2026, 1, 4),
        Grain.DAY,
        days={"EUR": CurrencyDays(frozenset(days[:2]), frozenset([days[1]]))},
    )
    assert [(point.amount, point.known, point.provisional) for point in points] == [
        (D(5), True, False),
        (D(0), True, True),
        (None, False, None),
    ]


def test_a_day_that_lacks_an_account_of_the_currency_is_partial() -> None:
    days = [date(2026, 1, 1), date(2026, 1, 2)]
    costs = frame(["day"], (days[0], "EUR", 5), (days[0], "USD", 7), (days[1], "USD", 8))
    delivered = {
        "EUR": CurrencyDays(frozenset(days[:1])),
        "USD": CurrencyDays(frozenset(days[1:]), frozenset(days)),
    }
    points = trend(costs, days[0], date(2026, 1, 3), Grain.DAY, days=delivered)
    assert [
        (point.currency, point.amount, point.is_partial, point.whole_amount, point.provisional)
        for point in points
    ] == [
        ("EUR", D(5), False, D(5), False),
        ("USD", D(7), True, None, True),
        ("EUR", None, False, None, None),
        ("USD", D(8), False, D(8), True),
    ]


def test_a_range_of_whole_months_is_compared_with_whole_months() -> None:
    assert range_before(date(2026, 3, 1), date(2026, 4, 1)) == (date(2026, 2, 1), date(2026, 3, 1))
    assert range_before(date(2026, 1, 1), date(2026, 4, 1)) == (date(2025, 10, 1), date(2026, 1, 1))
    assert range_before(date(2026, 3, 8), date(2026, 3, 15)) == (date(2026, 3, 1), date(2026, 3, 8))


def test_what_is_new_and_what_ended_have_no_percentage() -> None:
    rows = compare(
        frame(["service"], ("Old", "EUR", 4), ("Same", "EUR", 10)),
        frame(["service"], ("New", "EUR", 3), ("Same", "EUR", 15)),
        ["service"],
    )
    assert [(row.values[0], row.before, row.after, row.change, row.percent) for row in rows] == [
        ("Same", D(10), D(15), D(5), D("50.0")),
        ("Old", D(4), None, D(-4), D("-100.0")),
        ("New", None, D(3), D(3), None),
    ]


def test_cost_is_allocated_where_every_tag_has_a_value() -> None:
    costs = frame(
        ["tag:team", "tag:stage"],
        ("web", "prod", "EUR", 60),
        ("web", None, "EUR", 30),
        (None, "", "EUR", 10),
    )
    rows = {row.tag: row.share for row in allocation_coverage(costs, ["team", "stage"])}
    assert rows == {"team": D(90), "stage": D(60), None: D(60)}


def test_a_cost_without_units_has_no_unit_cost() -> None:
    costs = frame(
        ["tag:team", "resource"],
        ("web", "i-1", "EUR", 6),
        ("web", "i-2", "EUR", 4),
        (None, None, "EUR", 5),
    )
    rows = unit_costs(costs, "tag:team", units_by_resource(costs, "tag:team"))
    assert [(row.value, row.units, row.cost) for row in rows] == [
        ("web", D(2), D(5)),
        (None, None, None),
    ]
