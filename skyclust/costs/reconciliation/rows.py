"""Comparisons as rows, for lists and for tables of a run."""

from __future__ import annotations

from typing import Any

from skyclust.costs.reconciliation.report import Comparison


def comparison_row(one: Comparison) -> dict[str, Any]:
    """Return a comparison by its names; amounts are Decimal, None where they are not known."""
    amounts = one.amounts
    return {
        "verdict": one.verdict.value,
        "billing_account": one.billing_account_id,
        "period": str(one.period),
        "metric": one.metric.value,
        "currency": one.currency,
        "scope": one.scope,
        "ours": one.ours,
        "theirs": one.theirs,
        "difference": one.difference,
        "percent": one.percent,
        "gross": amounts.gross if amounts else None,
        "credits": amounts.credits if amounts else None,
        "tax": amounts.tax if amounts else None,
        "net": amounts.net if amounts else None,
        "offset": amounts.offset if amounts else False,
        "rows": one.rows,
        "days_compared": one.days_compared,
        "days_claimed": one.days_claimed,
        "days_with_rows": one.days_with_rows,
        "provisional": one.provisional,
        "source": one.source,
        "stated_by": one.stated_by,
        "invoice_id": one.invoice_id,
        "sub_account_id": one.sub_account_id,
        "reason": one.reason,
    }
