"""Other allocation tags: the rollups are made again, and answer what the slices answer."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from skyclust.costs.ledger import queries
from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.ledger.rollup_rebuilding import rebuild_rollups
from skyclust.costs.ledger.settings import save_settings
from skyclust.model.cost_settings import CostSettings
from skyclust.store import audit, cost_settings
from tests.unit.costs.bills import bill
from tests.unit.costs.ledger.ledgers import Ledger

BY_TEAM = CostQuery(date(2026, 1, 1), date(2026, 2, 1), by=("tag:team", "service"))


def costs(ledger: Ledger) -> list[list[Any]]:
    frame = query_costs(ledger.store, [ledger.workspace_id], BY_TEAM, root=ledger.root)
    return frame.to_numpy().tolist()


def save(ledger: Ledger, *tags: str) -> int:
    settings = CostSettings(allocation_tags=tags)
    return save_settings(
        ledger.store, ledger.workspace_id, settings, saved_by="user:1", root=ledger.root
    )


def test_a_breakdown_by_a_chosen_tag_is_answered_by_rollups(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.apply(bill())
    before = costs(ledger)
    assert save(ledger, "team") == 1
    assert save(ledger, "team") == 0, "nothing is to do"

    def refuse(*given: object) -> None:
        raise AssertionError("the slices were read")

    monkeypatch.setattr(queries, "_from_slices", refuse)
    assert costs(ledger) == before
    with ledger.store.reading() as connection:
        lines = [line.action for line in audit.list_all(connection, "default")]
    assert lines.count("cost_settings.saved") == 1


def test_rebuilding_changes_no_rollup_without_other_tags(sqlite_ledger: Ledger) -> None:
    ledger = sqlite_ledger
    save(ledger, "env", "team")
    ledger.apply(bill())
    before = ledger.rollups()
    assert rebuild_rollups(ledger.store, "default", root=ledger.root) == 1
    assert ledger.rollups() == before


def test_what_a_stopped_rebuilding_left_is_done_by_the_next(sqlite_ledger: Ledger) -> None:
    ledger = sqlite_ledger
    ledger.apply(bill())
    before = costs(ledger)
    settings = CostSettings(allocation_tags=("team",))
    ledger.store.write(lambda connection: cost_settings.save(connection, "default", settings))
    assert costs(ledger) == before
    assert save(ledger, "team") == 1
