"""What a ledger of costs holds, to compare two of them, and what was left beside it."""

from __future__ import annotations

import os
import shutil
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update

from skyclust.costs.ledger.collecting import collect_files
from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.coverage import coverage
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.ledger.storage import open_root
from skyclust.store import cost_accounts, cost_heads
from skyclust.store.all_tables import metadata
from skyclust.store.cost_tables import cost_deliveries, cost_slices
from skyclust.store.engine import Store
from skyclust.store.tables import outbox, outbox_heads
from tests.unit.costs.ledger.ledgers import Ledger

TWO_DAYS = timedelta(days=2).total_seconds()


def holds(store: Store, start: date, end: date) -> dict[str, Any]:
    """Return what the ledger holds for everyone who reads it, apart from ids and times.

    These are the slices with their content, rows and sums, both rollups, the pointers of each
    period, the owners of accounts, the coverage, and the sums of the rows in the files.
    """
    ledger = Ledger(store, open_root())
    with store.reading() as connection:
        heads = cost_heads.list_all(connection, "default")
        owners = cost_accounts.list_all(connection, "default")
    sources = sorted({head.key.source for head in heads})
    days, months = ledger.rollups()
    held = {
        "content": ledger.contents(shadows=True),
        "rows": ledger.rows_by_day(),
        "days": days,
        "months": months,
        "heads": sorted((head.key, head.provider, head.provisional, head.shadow) for head in heads),
        "owners": sorted((one.billing_account_id, one.source) for one in owners),
        "coverage": [
            (one.billing_account_id, one.source, one.days_with_rows, one.days_empty, one.gaps)
            for one in coverage(store, "default", start, end + timedelta(days=3))
        ],
    }
    if sources:
        query = CostQuery(
            start - timedelta(days=60), end + timedelta(days=3), sources=sources, by=["resource"]
        )
        frame = query_costs(store, ["default"], query)
        held["files"] = sum(frame["effective_cost"].dropna(), Decimal(0))
        held["file rows"] = int(frame["rows"].sum())
    return held


def forget_costs(store: Store) -> None:
    """Leave a store and a root as they are before the first collection."""
    with store.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name.startswith("cost_") or table is outbox:
                connection.execute(delete(table))
    root = open_root().local_path("")
    assert root is not None
    shutil.rmtree(root, ignore_errors=True)


def delivery_ids(store: Store) -> list[str]:
    """Return the ids of all deliveries of the catalogue."""
    with store.reading() as connection:
        return [*connection.scalars(select(cost_deliveries.c.delivery_id))]


def waiting_events(store: Store) -> int:
    with store.reading() as connection:
        return len(connection.execute(select(outbox)).all())


def let_holders_end(store: Store) -> None:
    """Let the time be over for which a dead sender of events keeps others from sending."""
    with store.writing() as connection:
        connection.execute(update(outbox_heads).values(held_until=datetime(2000, 1, 1, tzinfo=UTC)))


def files_without_pointer(store: Store) -> set[str]:
    """Return the files of the root that no slice of the catalogue has."""
    with store.reading() as connection:
        known = {*connection.scalars(select(cost_slices.c.file))}
    return {file.name for file in open_root().list("")} - known


def collect_after_two_days(store: Store) -> None:
    """Let all files of the root become two days old, and collect."""
    root = open_root().local_path("")
    assert root is not None
    grow_old(root)
    collect_files(store, "default", requested_by="user:1")


def grow_old(folder: Path) -> None:
    """Let all that is in a folder be two days old."""
    moment = time.time() - TWO_DAYS
    for path in folder.rglob("*"):
        os.utime(path, (moment, moment))
