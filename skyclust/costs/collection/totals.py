"""The totals that sources state, kept to reconcile the ledger with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from skyclust.contract.cost import CostTotal
from skyclust.store import cost_totals, workspaces
from skyclust.store.cost_heads import PeriodKey
from skyclust.store.cost_totals import SourceTotal
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


def keep_totals(
    store: Store, workspace_id: str, stated_by: str, totals: Sequence[CostTotal]
) -> None:
    """Replace what a source stated before of the accounts and periods that it states totals of."""
    if not totals:
        return
    by_period: dict[PeriodKey, list[SourceTotal]] = {}
    for total in totals:
        key = PeriodKey(stated_by, total.billing_account_id, total.period.start)
        by_period.setdefault(key, []).append(
            SourceTotal(
                key=key,
                metric=total.metric.value,
                currency=total.currency,
                amount=total.amount,
                scope=total.scope,
                first_day=total.start,
                end_day=total.end,
                invoice_id=total.invoice_id,
                sub_account_id=total.sub_account_id,
                read_at=total.read_at,
            )
        )

    def write(connection: Connection) -> None:
        workspaces.hold(connection, workspace_id)
        for key, mine in sorted(by_period.items()):
            cost_totals.replace(connection, workspace_id, key, mine)

    store.write(write)
