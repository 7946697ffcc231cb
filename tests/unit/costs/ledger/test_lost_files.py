"""Files that were lost, or that a restore did not bring back, are written by the same delivery."""

from __future__ import annotations

from datetime import timedelta

import pytest

from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.delivering import DeliveryState
from skyclust.costs.ledger.queries import query_costs
from skyclust.errors import Conflict
from tests.unit.costs.bills import JANUARY, PRODUCED, bill, days_of, delivery
from tests.unit.costs.ledger.ledgers import Ledger

DAYS = days_of(JANUARY)[:6]
BY_RESOURCE = CostQuery(JANUARY.start, JANUARY.end, by=["resource"])


@pytest.mark.parametrize("fingerprint", ["known", None])
@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=1)])
def test_the_same_delivery_writes_the_days_whose_files_are_lost(
    ledger: Ledger, fingerprint: str | None, later: timedelta
) -> None:
    rows = bill(DAYS)
    ledger.apply(rows, delivery(fingerprint=fingerprint))
    before = (ledger.contents(), ledger.rollups(), ledger.rows_by_day())
    answer = query_costs(ledger.store, ["default"], BY_RESOURCE, root=ledger.root)
    lost = [ledger.current_names()[place] for place in (1, 4)]
    for name in lost:
        ledger.root.delete(name)
    with pytest.raises(Conflict, match="does not exist"):
        query_costs(ledger.store, ["default"], BY_RESOURCE, root=ledger.root)

    again = delivery(fingerprint=fingerprint, produced_at=PRODUCED + later)
    mended = ledger.apply(rows, again)
    assert mended.state is DeliveryState.APPLIED
    assert mended.days_written == (DAYS[1], DAYS[4])
    assert (ledger.contents(), ledger.rollups(), ledger.rows_by_day()) == before
    assert not {*lost} & {*ledger.current_names()}
    assert ledger.root.missing(ledger.current_names()) == []
    assert answer.equals(query_costs(ledger.store, ["default"], BY_RESOURCE, root=ledger.root))
    assert ledger.apply(rows, again).days_written == ()


def test_a_ledger_whose_whole_folder_is_lost_is_collected_again(sqlite_ledger: Ledger) -> None:
    ledger = sqlite_ledger
    rows = bill(DAYS)
    ledger.apply(rows, delivery(fingerprint="known"))
    before = ledger.contents()
    for name in ledger.files():
        ledger.root.delete(name)
    assert ledger.apply(rows, delivery(fingerprint="known")).days_written == (*DAYS,)
    assert ledger.contents() == before
    assert ledger.files() == sorted(ledger.current_names())
