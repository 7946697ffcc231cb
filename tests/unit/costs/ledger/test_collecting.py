"""Collection: never under a reader, never what is current, and nothing is left behind."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from skyclust.costs.ledger.collecting import KEPT_FOR, collect_files
from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.ledger.retracting import retract_delivery
from skyclust.errors import InvalidRequest, NotFound
from skyclust.store.cost_tables import cost_deliveries, cost_slices
from tests.unit.costs.bills import ACCOUNT, JANUARY, PRODUCED, SOURCE, bill, days_of, delivery
from tests.unit.costs.ledger.ledgers import Ledger

LATER = PRODUCED + timedelta(hours=1)


def collect(ledger: Ledger, **options: timedelta) -> tuple[int, int]:
    done = collect_files(
        ledger.store, "default", requested_by="user:1", root=ledger.root, **options
    )
    return len(done.superseded), len(done.orphans)


def age(ledger: Ledger) -> None:
    """Let everything so far have happened some hundred days earlier."""
    times = [
        (cost_slices, cost_slices.c.slice_id, ("written_at", "superseded_at")),
        (cost_deliveries, cost_deliveries.c.delivery_id, ("applied_at", "retracted_at")),
    ]
    with ledger.store.writing() as connection:
        for table, key, names in times:
            for row in connection.execute(select(table)).all():
                earlier = {
                    name: row._mapping[name] - KEPT_FOR - timedelta(days=10)
                    for name in names
                    if row._mapping[name] is not None
                }
                connection.execute(
                    update(table).where(key == row._mapping[key.name]).values(**earlier)
                )


def test_only_what_was_superseded_long_ago_is_removed(ledger: Ledger) -> None:
    ledger.apply(bill(seed=1))
    second = ledger.apply(bill(seed=2), delivery(produced_at=LATER))
    assert collect(ledger) == (0, 0)
    age(ledger)
    assert collect(ledger) == (10, 0)
    assert ledger.files() == sorted(ledger.current_names())
    assert collect(ledger) == (0, 0)
    with pytest.raises(InvalidRequest, match="have been removed"):
        retract_delivery(
            ledger.store,
            "default",
            second.delivery_id or "",
            requested_by="user:1",
            root=ledger.root,
        )


def test_a_file_that_a_retraction_made_current_again_stays(sqlite_ledger: Ledger) -> None:
    ledger = sqlite_ledger
    ledger.apply(bill(seed=1))
    second = ledger.apply(bill(seed=2), delivery(produced_at=LATER))
    retract_delivery(
        ledger.store, "default", second.delivery_id or "", requested_by="user:1", root=ledger.root
    )
    age(ledger)
    assert collect(ledger) == (10, 0)
    assert ledger.root.missing(ledger.current_names()) == []


def test_files_of_writers_that_died_are_removed_after_a_day(
    sqlite_ledger: Ledger, tmp_path: Path
) -> None:
    ledger = sqlite_ledger
    ledger.apply(bill())
    for number, age_hours in enumerate((1, 25)):
        file = tmp_path / f"costs/default/2026-01-01/orphan-{number}.parquet"
        file.write_bytes(b"")
        moment = time.time() - age_hours * 3600
        os.utime(file, (moment, moment))
    assert collect(ledger) == (0, 1)
    assert len(ledger.files()) == 11


def test_a_reader_whose_file_is_gone_learns_whose_it_was_and_gets_no_wrong_sum(
    sqlite_ledger: Ledger,
) -> None:
    ledger = sqlite_ledger
    ledger.apply(bill())
    gone, other = days_of(JANUARY)[3:5]
    [lost] = [name for name in ledger.current_names() if f"/{gone}/" in name]
    ledger.root.delete(lost)
    query = CostQuery(JANUARY.start, JANUARY.end, by=["resource"])
    with pytest.raises(NotFound, match=f"{gone} of {ACCOUNT} by {SOURCE}"):
        query_costs(ledger.store, ["default"], query, root=ledger.root)
    # The rollup of the month would need the day, and this delivery does not bring it.
    claim = delivery(produced_at=LATER, complete_from=other, complete_to=other + timedelta(days=1))
    with pytest.raises(NotFound, match=f"{gone} of {ACCOUNT} by {SOURCE}"):
        ledger.apply(bill([other], seed=2), claim)
    with pytest.raises(InvalidRequest, match="a reader may need them"):
        collect(ledger, kept_for=timedelta(hours=1))
