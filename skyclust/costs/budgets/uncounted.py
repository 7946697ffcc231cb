"""The currencies that a budget's costs are billed in, and that no rate leads from to its own."""

from __future__ import annotations

from datetime import date, timedelta

from skyclust.costs.analysis.frames import records
from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.ledger.storage import LedgerRoot
from skyclust.costs.rates.table import RateTable
from skyclust.model.budget import Budget
from skyclust.store import currency_rates
from skyclust.store.engine import Store


def currencies_without_rate(
    store: Store,
    workspace_id: str,
    budget: Budget,
    today: date,
    *,
    root: LedgerRoot | None = None,
) -> tuple[str, ...]:
    """Return the currencies without a rate of today, of the costs of this month and the one before.

    Raises NotFound for an unknown workspace, InvalidRequest for a filter by an unknown dimension,
    Conflict when a file of the ledger was collected meanwhile.
    """
    # On its first days a month holds no costs yet.
    start = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    query = CostQuery(start, today + timedelta(days=1), where=budget.filters)
    frame = query_costs(store, [workspace_id], query, root=root)
    with store.reading() as connection:
        rates = RateTable(currency_rates.list_all(connection, workspace_id))
    billed = {str(row["currency"]) for row in records(frame) if row[budget.metric.value]}
    return tuple(
        currency
        for currency in sorted(billed)
        if rates.rate(currency, budget.currency, today) is None
    )
