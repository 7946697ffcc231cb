"""The totals that sources state, kept to reconcile the ledger with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from skyclust.contract.cost import CostTotal
from skyclust.costs.ledger.stated_totals import source_totals
from skyclust.store import cost_totals, workspaces
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


def keep_totals(
    store: Store, workspace_id: str, stated_by: str, totals: Sequence[CostTotal]
) -> None:
    """Replace what a source stated before of the accounts and periods that it states totals of."""
    if not totals:
        return
    by_period = source_totals(stated_by, totals)

    def write(connection: Connection) -> None:
        workspaces.hold(connection, workspace_id)
        for key, mine in sorted(by_period.items()):
            cost_totals.replace(connection, workspace_id, key, mine)

    store.write(write)
