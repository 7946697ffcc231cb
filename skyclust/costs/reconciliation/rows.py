"""Comparisons as rows, for lists and for tables of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from skyclust.costs.reconciliation.report import Comparison
from skyclust.costs.reconciliation.tolerance import Verdict

_URGENCY: Final = {
    Verdict.OUTSIDE: 0,
    Verdict.NOT_COLLECTED: 0,
    Verdict.WITHIN: 1,
    Verdict.NO_TOTAL: 2,
    Verdict.NOT_COMPARABLE: 3,
}
"""The order of comparisons: what has to be looked at first."""


def in_order(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons, those first that have to be looked at, and comparable ones next."""
    return sorted(comparisons, key=lambda one: _URGENCY[one.verdict])


def telling(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons in order, without those that tell nothing beside others.

    A total that cannot be compared is left out where the same account, period and currency has one
    that was: AWS states one for each record type, which FOCUS does not have. Where nothing could be
    compared the reason is what there is to tell.
    """
    compared = {
        _whose(one) for one in comparisons if one.verdict in {Verdict.WITHIN, Verdict.OUTSIDE}
    }
    return in_order(
        [
            one
            for one in comparisons
            if one.verdict is not Verdict.NOT_COMPARABLE or _whose(one) not in compared
        ]
    )


def _whose(one: Comparison) -> tuple[Any, ...]:
    return (one.billing_account_id, one.period, one.currency)


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
