"""The totals that sources state, as the store keeps them."""

from __future__ import annotations

from collections.abc import Iterable

from skyclust.contract.cost import CostTotal
from skyclust.store.cost_heads import PeriodKey
from skyclust.store.cost_totals import SourceTotal


def source_totals(source: str, totals: Iterable[CostTotal]) -> dict[PeriodKey, list[SourceTotal]]:
    """Return the totals that a source states, by account and period."""
    by_period: dict[PeriodKey, list[SourceTotal]] = {}
    for total in totals:
        key = PeriodKey(source, total.billing_account_id, total.period.start)
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
    return by_period
