"""Shared costs are split without losing or inventing a unit, and currencies by dated rates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyclust.costs.analysis.currency import convert
from skyclust.costs.analysis.frames import records
from skyclust.costs.analysis.showback import SharedCosts, Split, show_back, split_amount
from skyclust.costs.rates.table import RateTable
from skyclust.errors import InvalidRequest
from skyclust.model.currency_rate import CurrencyRate
from tests.unit.costs.frames import frame

D = Decimal
AMOUNT = st.decimals(-(10**6), 10**6, places=12)
WEIGHT = st.decimals(0, 1000, places=3)


@given(AMOUNT, st.dictionaries(st.text(min_size=1, max_size=3), WEIGHT, min_size=1, max_size=9))
@settings(max_examples=200, deadline=None)
def test_parts_add_up_to_the_amount(amount: Decimal, weights: dict[str, Decimal]) -> None:
    parts = split_amount(amount, weights)
    assert sum(parts.values()) == (amount if any(weights.values()) else D(0))


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "platform", None]), st.just("EUR"), AMOUNT),
        max_size=20,
    ),
    st.sampled_from([Split.EVEN, Split.PROPORTIONAL]),
)
@settings(max_examples=100, deadline=None)
def test_showback_preserves_the_total(
    rows: list[tuple[str | None, str, Decimal]], split: Split
) -> None:
    shown = show_back(
        frame(["tag:team"], *rows), "tag:team", SharedCosts(("platform", None), split)
    )
    assert sum(row.total for row in shown) == sum(amount for *_, amount in rows)


def test_each_way_of_splitting() -> None:
    costs = frame(["team"], ("a", "EUR", 30), ("b", "EUR", 10), ("platform", "EUR", 8))

    def totals(
        split: Split, weights: dict[str, Decimal] | None = None
    ) -> dict[str | None, Decimal]:
        rule = SharedCosts(("platform",), split, weights)
        return {row.consumer: row.total for row in show_back(costs, "team", rule)}

    assert totals(Split.EVEN) == {"a": D(34), "b": D(14)}
    assert totals(Split.PROPORTIONAL) == {"a": D(36), "b": D(12)}
    weights = {"b": Decimal(3), "c": Decimal(1)}
    assert totals(Split.WEIGHTED, weights) == {"a": D(30), "b": D(16), "c": D(2)}
    with pytest.raises(InvalidRequest, match="weight"):
        totals(Split.WEIGHTED, {"a": Decimal(0)})


def test_shared_costs_without_consumers_stay_unsplit() -> None:
    [row] = show_back(frame(["team"], (None, "EUR", 7)), "team", SharedCosts((None,)))
    assert (row.consumer, row.total) == (None, D(7))


def test_each_day_has_the_rate_of_that_day_and_none_has_one_before_the_first() -> None:
    rates = RateTable(
        [
            CurrencyRate("USD", "EUR", date(2026, 1, 2), Decimal("0.9")),
            CurrencyRate("USD", "EUR", date(2026, 2, 1), Decimal("0.8")),
        ]
    )
    costs = frame(
        ["day"],
        (date(2026, 1, 1), "USD", 1),
        (date(2026, 1, 31), "USD", 10),
        (date(2026, 1, 31), "EUR", 1),
        (date(2026, 2, 1), "USD", 10),
    )
    converted = convert(costs, "EUR", rates)
    assert [
        (row["day"].day, row["currency"], row["effective_cost"]) for row in records(converted)
    ] == [
        (1, "USD", 1),
        (31, "EUR", 10),
        (1, "EUR", 8),
    ]
    assert rates.rate("EUR", "USD", date(2026, 2, 1)) == Decimal("1.25")
    assert converted["list_cost"].tolist() == [None, None, None]


def test_a_rate_of_zero_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="more than zero"):
        RateTable([CurrencyRate("USD", "EUR", date(2026, 1, 1), Decimal(0))])
