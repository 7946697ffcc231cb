"""Compares a shadow source with the source that counts, day by day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from skyclust.costs.reconciliation.account_period import AccountPeriod, ShadowSums
from skyclust.costs.reconciliation.report import DayComparison, ShadowComparison
from skyclust.costs.reconciliation.sums import LedgerSum
from skyclust.costs.reconciliation.tolerance import Tolerance, Verdict, percent_of
from skyclust.model.cost_metric import CostMetric

_METRICS: Final = (CostMetric.BILLED, CostMetric.EFFECTIVE)


def compare_shadow(
    period: AccountPeriod, shadow: ShadowSums, tolerance: Tolerance
) -> Iterator[ShadowComparison]:
    """Yield a comparison for each metric and currency; none where no source counts.

    A day is compared where both claim it; one of them without rows then has zero cost.
    """
    if period.source is None:
        return
    currencies = {each.currency for each in (*period.sums, *shadow.sums)}
    for currency in sorted(currencies):
        for metric in _METRICS:
            yield _comparison(period, shadow, metric, currency, tolerance)


def _comparison(
    period: AccountPeriod,
    shadow: ShadowSums,
    metric: CostMetric,
    currency: str,
    tolerance: Tolerance,
) -> ShadowComparison:
    ours = _by_day(period.sums, metric, currency)
    theirs = _by_day(shadow.sums, metric, currency)
    our_days, their_days = period.claimed, shadow.coverage.claimed_days()
    days = tuple(
        _day(
            day,
            ours.get(day, Decimal(0)) if day in our_days else None,
            theirs.get(day, Decimal(0)) if day in their_days else None,
            currency,
            tolerance,
        )
        for day in sorted(our_days | their_days)
    )
    both = [day for day in days if day.difference is not None]
    our_sum = sum((day.ours for day in both if day.ours is not None), Decimal(0))
    their_sum = sum((day.theirs for day in both if day.theirs is not None), Decimal(0))
    reason = _obstacle(period.sums, shadow.sums, currency, both)
    return ShadowComparison(
        source=str(period.source),
        shadow=shadow.coverage.source,
        billing_account_id=period.billing_account_id,
        period=period.period,
        metric=metric,
        currency=currency,
        verdict=Verdict.NOT_COMPARABLE
        if reason
        else tolerance.verdict(our_sum - their_sum, their_sum, currency),
        reason=reason,
        ours=our_sum,
        theirs=their_sum,
        difference=our_sum - their_sum,
        percent=percent_of(our_sum - their_sum, their_sum),
        days=days,
    )


def _by_day(sums: Sequence[LedgerSum], metric: CostMetric, currency: str) -> dict[date, Decimal]:
    days: dict[date, Decimal] = {}
    for each in sums:
        amount = each.amount(metric)
        if each.currency == currency and amount is not None:
            days[each.day] = days.get(each.day, Decimal(0)) + amount
    return days


def _day(
    day: date, ours: Decimal | None, theirs: Decimal | None, currency: str, tolerance: Tolerance
) -> DayComparison:
    if ours is None or theirs is None:
        return DayComparison(day, ours, theirs, None, Verdict.NOT_COMPARABLE)
    difference = ours - theirs
    return DayComparison(
        day, ours, theirs, difference, tolerance.verdict(difference, theirs, currency)
    )


def _obstacle(
    ours: Sequence[LedgerSum],
    theirs: Sequence[LedgerSum],
    currency: str,
    both: Sequence[DayComparison],
) -> str:
    """Return why the two cannot be compared; empty where they can."""
    if not both:
        return "There is no day that both claim."
    for sums, whose in ((ours, "Our"), (theirs, "The shadow's")):
        currencies = {each.currency for each in sums}
        if currencies and currency not in currencies:
            return f"{whose} rows are in {', '.join(sorted(currencies))}, not in {currency}."
    return ""
