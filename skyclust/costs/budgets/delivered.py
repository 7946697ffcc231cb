"""Which accounts of a budget were delivered in a month, so that a gap is not taken for low cost."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from skyclust.costs.ledger.coverage import AccountCoverage, coverage
from skyclust.model.budget import Budget
from skyclust.store.engine import Store

LATE_DAYS: Final = 3
"""A day that is older than this should have been delivered: clouds finish a day within one or two
(docs/how-to/costs-aws.md, costs-azure.md, costs-gcp.md)."""


def silent_accounts(
    store: Store, workspace_id: str, budget: Budget, month: date, today: date
) -> tuple[str, ...]:
    """Return the billing accounts of a budget without any delivered day of a month.

    None is on the first days of the month, of which nothing has to be delivered yet.
    """
    due = today - timedelta(days=LATE_DAYS)
    if due <= month:
        return ()
    after = (month + timedelta(days=31)).replace(day=1)
    found = coverage(store, workspace_id, month, min(after, today + timedelta(days=1)))
    return tuple(
        one.billing_account_id
        for one in found
        if _counts(one, budget) and not (one.days_with_rows or one.days_empty)
    )


def _counts(account: AccountCoverage, budget: Budget) -> bool:
    """Return whether the rows of an account may be in a budget, by its filters."""
    filters = budget.filters
    return (
        account.authoritative
        and account.provider in filters.get("provider", (account.provider,))
        and account.billing_account_id
        in filters.get("billing_account", (account.billing_account_id,))
    )
