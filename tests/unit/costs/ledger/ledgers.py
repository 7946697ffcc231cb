"""A ledger in a folder of the test, and what it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import select

from skyclust.contract.cost import CostDelivery
from skyclust.costs.ledger.delivering import DeliveryOptions, DeliveryResult, apply_delivery
from skyclust.costs.ledger.storage import LedgerRoot
from skyclust.store import cost_slices
from skyclust.store.cost_tables import cost_days, cost_months
from skyclust.store.cost_tables import cost_slices as slices_table
from skyclust.store.engine import Store
from tests.unit.costs.bills import delivery

FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)


@dataclass(frozen=True)
class Ledger:
    """A store and a root, with short ways to use them."""

    store: Store
    root: LedgerRoot
    workspace_id: str = "default"

    def apply(
        self,
        tables: Iterable[pa.Table] | pa.Table,
        given: CostDelivery | None = None,
        /,
        **options: Any,
    ) -> DeliveryResult:
        """Apply a delivery, by default one of the whole of January."""
        parts = [tables] if isinstance(tables, pa.Table) else tables
        return apply_delivery(
            self.store,
            self.workspace_id,
            given or delivery(),
            parts,
            DeliveryOptions(**({"requested_by": "user:1"} | options)),
            root=self.root,
        )

    def contents(self, *, shadows: bool = False) -> dict[tuple[Any, ...], str]:
        """Return the hash of each current slice by source, account, period and day."""
        with self.store.reading() as connection:
            rows = connection.execute(
                select(slices_table).where(slices_table.c.superseded_at.is_(None))
            ).all()
            counted = {
                each.file
                for each in cost_slices.current_files(connection, self.workspace_id, FIRST, LAST)
            }
        return {
            (row.source, row.billing_account_id, row.period_start, row.charge_day): row.content_hash
            for row in rows
            if row.workspace_id == self.workspace_id and (shadows or row.file in counted)
        }

    def rows_by_day(self) -> dict[tuple[Any, ...], tuple[int, Any]]:
        """Return the rows and sums of each current slice."""
        with self.store.reading() as connection:
            rows = connection.execute(
                select(slices_table).where(slices_table.c.superseded_at.is_(None))
            ).all()
        return {
            (row.source, row.billing_account_id, row.period_start, row.charge_day): (
                row.rows,
                row.sums,
            )
            for row in rows
        }

    def current_names(self) -> list[str]:
        """Return the files of the slices that count."""
        with self.store.reading() as connection:
            files = cost_slices.current_files(connection, self.workspace_id, FIRST, LAST)
        return [each.file for each in files]

    def rollups(self) -> tuple[list[Any], list[Any]]:
        """Return the rows of both rollups, sorted, without the ids of slices."""
        with self.store.reading() as connection:
            days = connection.execute(select(cost_days)).all()
            months = connection.execute(select(cost_months)).all()
        return (
            sorted((_without(row, "slice_id") for row in days), key=repr),
            sorted((_without(row) for row in months), key=repr),
        )

    def total(self) -> Decimal:
        """Return the effective cost of all current slices by the day rollup."""
        return sum((Decimal(row["effective_cost"]) for row in self.rollups()[0]), Decimal(0))

    def files(self) -> list[str]:
        """Return the names of all files of the root."""
        return [file.name for file in self.root.list("")]


def _without(row: Any, *names: str) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in names}
