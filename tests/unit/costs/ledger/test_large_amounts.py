"""Sums of the largest amounts: exact where they fit, refused as a whole where they do not."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Any

import pyarrow as pa
import pytest

from skyclust.costs.focus.amounts import LARGEST_COST
from skyclust.costs.focus.ledger_schema import COSTS
from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.queries import query_costs
from skyclust.errors import InvalidRequest
from tests.unit.costs.bills import JANUARY, PRODUCED, bill, changed, days_of, delivery
from tests.unit.costs.ledger.ledgers import Ledger

QUANTUM = Decimal(1).scaleb(-12)
FIRST = days_of(JANUARY)[0]
ROWS = 8


def rows_of(amount: Decimal, *days: date, account: str = "large") -> pa.Table:
    """Return rows with one amount, as no import brings them where it is too large."""
    table = bill(days or [FIRST], rows=ROWS, account=account, sub_accounts=[account])
    for name in ("ServiceName", "RegionId"):
        table = changed(table, name, [None] * table.num_rows)
    for name in COSTS:
        table = changed(table, name, [amount] * table.num_rows)
    return table


def summed(ledger: Ledger, **query: Any) -> Decimal:
    question = CostQuery(JANUARY.start, JANUARY.end, **query)
    frame = query_costs(ledger.store, ["default"], question, root=ledger.root)
    with localcontext(prec=100):
        return sum(frame["billed_cost"], Decimal(0))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_costs_add_up_exactly_in_every_query(ledger: Ledger, sign: int) -> None:
    with localcontext(prec=100):
        amount = sign * (LARGEST_COST - QUANTUM)
        expected = 2 * 5 * ROWS * amount
    for account in ("large", "larger"):
        rows = rows_of(amount, *days_of(JANUARY)[:5], account=account)
        ledger.apply(rows, delivery(billing_account_id=account, source=account))
    for by in ((), ("day",), ("billing_account",), ("service",), ("resource",), ("tag:team",)):
        assert summed(ledger, by=by) == expected, by


@pytest.mark.parametrize("amount", ["9" * 26, "2" + "0" * 25, "-" + "9" * 26, "2" + "0" * 24])
def test_rows_whose_sum_does_not_fit_are_refused_as_a_whole(ledger: Ledger, amount: str) -> None:
    """The last amount fits for each day by itself, and not for all of them."""
    large = delivery(billing_account_id="large")
    ledger.apply(bill([FIRST], account="large"), large)
    before = (ledger.contents(), ledger.rollups(), ledger.files())
    days = days_of(JANUARY)[:7] if amount.startswith("2") else [FIRST]
    with pytest.raises(InvalidRequest, match="more than 26 digits before the point"):
        ledger.apply(rows_of(Decimal(amount), *days), large)
    assert (ledger.contents(), ledger.rollups(), ledger.files()) == before


def test_days_of_several_deliveries_whose_sum_does_not_fit_are_refused(ledger: Ledger) -> None:
    """The rollup of the month would not fit, after so many days."""
    applied = 0
    for number, day in enumerate(days_of(JANUARY)):
        claim = delivery(
            billing_account_id="large",
            complete_from=day,
            complete_to=day + timedelta(days=1),
            produced_at=PRODUCED + timedelta(hours=number),
        )
        before = ledger.contents()
        try:
            ledger.apply(rows_of(Decimal(2 * 10**24), day), claim)
        except InvalidRequest as refused:
            assert "26 digits before the point" in refused.message  # noqa: PT017  # any day
            assert ledger.contents() == before
            break
        applied += 1
    assert 0 < applied < 31


def test_accounts_whose_sum_does_not_fit_together_are_no_traceback(ledger: Ledger) -> None:
    amount = Decimal(10**25)  # 8 rows fit, 24 do not
    for account in ("one", "two", "three"):
        rows = rows_of(amount, account=account)
        ledger.apply(rows, delivery(billing_account_id=account, source=account))
    assert summed(ledger) == summed(ledger, by=("service",)) == 3 * ROWS * amount
    with pytest.raises(InvalidRequest, match="26 digits before the point"):
        summed(ledger, by=("commitment",))
