"""Compares the ledger with its sources: account by account, period by period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, timedelta
from decimal import Decimal

from skyclust.contract.cost import CostTotal
from skyclust.costs.reconciliation.account_period import AccountPeriod, account_periods
from skyclust.costs.reconciliation.report import Comparison, InvoiceSum, ReconciliationReport
from skyclust.costs.reconciliation.shadows import compare_shadow
from skyclust.costs.reconciliation.sums import (
    Amounts,
    Coverage,
    LedgerSum,
    LedgerSums,
    StatedTotal,
    amounts_of,
    days_between,
)
from skyclust.costs.reconciliation.tolerance import Tolerance, Verdict, percent_of
from skyclust.costs.reconciliation.total_scope import TotalScope, scope_of
from skyclust.model.cost_metric import CostMetric


def reconcile_ledger(
    ledger: LedgerSums, start: date, end: date, *, tolerance: Tolerance | None = None
) -> ReconciliationReport:
    """Return the reconciliation of the billing periods that begin in [start, end)."""
    return reconcile(
        ledger.coverage(start, end),
        ledger.sums(start, end),
        ledger.totals(start, end),
        tolerance=tolerance,
    )


def reconcile(
    coverage: Iterable[Coverage],
    sums: Iterable[LedgerSum],
    totals: Iterable[StatedTotal],
    *,
    tolerance: Tolerance | None = None,
) -> ReconciliationReport:
    """Return our sums beside the totals of the sources, and beside those of shadow sources.

    The rows of the source that counts are compared with every total of the account, whichever
    source states it. A currency without a total of the whole account and period is listed as not
    reconciled.
    """
    tolerance = tolerance or Tolerance()
    periods = account_periods(coverage, sums, totals)
    comparisons: list[Comparison] = []
    invoices: list[InvoiceSum] = []
    for each in periods:
        comparisons.extend(_compared(each, tolerance))
        invoices.extend(_invoices(each))
    shadows = [
        found
        for each in periods
        for shadow in each.shadows
        for found in compare_shadow(each, shadow, tolerance)
    ]
    return ReconciliationReport(tuple(comparisons), tuple(invoices), tuple(shadows), tolerance)


def _compared(period: AccountPeriod, tolerance: Tolerance) -> Iterator[Comparison]:
    stated = sorted(
        _stated_once(period.totals),
        key=lambda each: (
            each.total.currency,
            each.source,
            each.total.metric,
            each.total.start or period.period.start,
            each.total.invoice_id or "",
            each.total.sub_account_id or "",
        ),
    )
    for each in stated:
        yield _comparison(period, each, tolerance)
    whole = {each.total.currency for each in period.totals if _is_whole(each.total, period)}
    for currency in sorted({total.currency for total in period.sums} - whole):
        amounts = amounts_of(period.sums_in(currency), CostMetric.BILLED)
        yield _unstated(period, currency, amounts)
    if period.coverage is not None and not period.sums and not whole:
        yield _unstated(period, "", Amounts(Decimal(0), Decimal(0), Decimal(0), rows=0))


def _stated_once(totals: Iterable[StatedTotal]) -> Iterable[StatedTotal]:
    """Return each total once, that was read last: a delivery may state what its source does.

    Totals of one scope that differ are all compared.
    """
    once: dict[tuple[object, ...], StatedTotal] = {}
    for each in totals:
        total = each.total
        key = (
            total.metric,
            total.currency,
            total.scope,
            total.amount,
            total.start or total.period.start,
            total.end or total.period.end,
            total.invoice_id,
            total.sub_account_id,
        )
        known = once.get(key)
        if known is None or known.total.read_at < total.read_at:
            once[key] = each
    return once.values()


def _comparison(period: AccountPeriod, stated: StatedTotal, tolerance: Tolerance) -> Comparison:
    total = stated.total
    within = _sums_within(period, total)
    scope = scope_of(total.scope)
    counted = amounts_of(
        within,
        total.metric,
        counts=lambda each: (
            (scope is None or scope.counts(each.charge_category))
            and total.invoice_id in {None, each.invoice_id}
            and total.sub_account_id in {None, each.sub_account_id}
        ),
    )
    reason = _obstacle(period, total, within, scope)
    ours = None if counted is None or reason else counted.net
    difference = None if ours is None else ours - total.amount
    if difference is not None:
        verdict = tolerance.verdict(difference, total.amount, total.currency)
    elif period.coverage is None and total.amount:
        verdict = Verdict.NOT_COLLECTED
    else:
        verdict = Verdict.NOT_COMPARABLE
    if counted is None and not reason:
        reason = f"Some of our rows do not know their {total.metric.value.replace('_', ' ')}."
    days = _days_of(total)
    return Comparison(
        source=period.source,
        stated_by=stated.source,
        billing_account_id=period.billing_account_id,
        period=period.period,
        metric=total.metric,
        currency=total.currency,
        scope=total.scope,
        verdict=verdict,
        reason=reason,
        ours=ours,
        theirs=total.amount,
        difference=difference,
        percent=None if difference is None else percent_of(difference, total.amount),
        amounts=amounts_of(within, total.metric) if period.coverage is not None else None,
        rows=counted.rows if counted is not None else 0,
        days_compared=len(days),
        days_claimed=len(days & period.claimed),
        days_with_rows=len(days & {each.day for each in within}),
        provisional=period.provisional,
        shadow=period.only_shadow,
        start=total.start,
        end=total.end,
        invoice_id=total.invoice_id,
        sub_account_id=total.sub_account_id,
    )


def _sums_within(period: AccountPeriod, total: CostTotal) -> list[LedgerSum]:
    """Return the sums of the days of a total.

    That of the whole period counts all that is billed in it, on whichever day it was used.
    """
    start, end = total.start or period.period.start, total.end or period.period.end
    whole = _is_whole_period(total)
    return [each for each in period.sums_in(total.currency) if whole or start <= each.day < end]


def _days_of(total: CostTotal) -> frozenset[date]:
    """Return the days of a total, up to that on which it was read."""
    after = total.read_at.astimezone(UTC).date() + timedelta(days=1)
    end = min(total.end or total.period.end, after)
    return frozenset(days_between(total.start or total.period.start, end))


def _obstacle(
    period: AccountPeriod,
    total: CostTotal,
    within: Sequence[LedgerSum],
    scope: TotalScope | None,
) -> str:
    """Return why a total cannot be compared with our rows; empty where it can."""
    days = _days_of(total)
    missing = len(days - period.claimed)
    currencies = {each.currency for each in period.sums}
    obstacles = (
        (period.coverage is None, "No source has delivered this account and period."),
        (scope is None, f"FOCUS has no category for {total.scope!r}."),
        (
            bool(currencies) and total.currency not in currencies,
            f"The total is in {total.currency}, our rows are in {', '.join(sorted(currencies))}.",
        ),
        (
            total.invoice_id is not None
            and any(each.invoice_id is None for each in within)
            and all(each.invoice_id != total.invoice_id for each in within),
            "Our rows do not name their invoice.",
        ),
        (bool(missing), f"No delivery claims {missing} of its {len(days)} days."),
    )
    return next((reason for applies, reason in obstacles if applies), "")


def _unstated(period: AccountPeriod, currency: str, amounts: Amounts | None) -> Comparison:
    days = set(days_between(period.period.start, period.period.end))
    return Comparison(
        source=period.source,
        stated_by=None,
        billing_account_id=period.billing_account_id,
        period=period.period,
        metric=CostMetric.BILLED,
        currency=currency,
        scope="all charges",
        verdict=Verdict.NO_TOTAL,
        reason="",
        ours=amounts.net if amounts is not None else None,
        theirs=None,
        difference=None,
        percent=None,
        amounts=amounts,
        rows=amounts.rows if amounts is not None else 0,
        days_compared=len(days),
        days_claimed=len(days & period.claimed),
        days_with_rows=len(days & {each.day for each in period.sums_in(currency)}),
        provisional=period.provisional,
        shadow=period.only_shadow,
    )


def _is_whole_period(total: CostTotal) -> bool:
    """Return whether a total begins with its period, and ends with it or when it was read."""
    begins = total.start is None or total.start <= total.period.start
    last = min(total.period.end, total.read_at.astimezone(UTC).date())
    return begins and (total.end is None or total.end >= last)


def _is_whole(total: CostTotal, period: AccountPeriod) -> bool:
    """Return whether a total is that of the whole account, and of all days that there are.

    An export has a day late: its total is of the days before, as its delivery is.
    """
    if total.invoice_id is not None or total.sub_account_id is not None:
        return False
    return _is_whole_period(total) or (
        bool(period.claimed) and period.claimed <= frozenset(_all_days_of(total))
    )


def _all_days_of(total: CostTotal) -> list[date]:
    return days_between(total.start or total.period.start, total.end or total.period.end)


def _invoices(period: AccountPeriod) -> Iterator[InvoiceSum]:
    names = {(each.currency, each.invoice_id) for each in period.sums}
    for currency, invoice in sorted(names, key=lambda name: (name[0], name[1] or "")):
        rows = [each for each in period.sums_in(currency) if each.invoice_id == invoice]
        billed = amounts_of(rows, CostMetric.BILLED)
        if billed is not None and period.source is not None:
            yield InvoiceSum(
                period.source,
                period.billing_account_id,
                period.period,
                invoice,
                currency,
                billed,
            )
