"""What of a report's months does not add up, in words."""

from __future__ import annotations

from datetime import date

from skyclust.costs.ledger.storage import LedgerRoot
from skyclust.costs.money import change_text, money_text, percent_text
from skyclust.costs.reconciliation.ledger_sums import StoredSums
from skyclust.costs.reconciliation.reconciling import reconcile_ledger
from skyclust.costs.reconciliation.report import Comparison
from skyclust.costs.reconciliation.tolerance import Verdict
from skyclust.store import cost_totals
from skyclust.store.engine import Store


def reconciliation_gaps(
    store: Store, workspace_id: str, start: date, end: date, root: LedgerRoot | None = None
) -> list[str]:
    """Return a sentence for each total of a source that the ledger differs from.

    Of the billing periods that [start, end) meets. Without a total that a source states nothing is
    compared.
    """
    first = start.replace(day=1)
    with store.reading() as connection:
        if not cost_totals.list_all(connection, workspace_id, first, end):
            return []
    report = reconcile_ledger(StoredSums(store, workspace_id, root), first, end)
    differing = [*report.having(Verdict.OUTSIDE), *report.having(Verdict.NOT_COLLECTED)]
    return [_sentence(one) for one in differing]


def _sentence(one: Comparison) -> str:
    if one.theirs is None or one.ours is None or one.difference is None:
        return f"{one.billing_account_id}, {one.period}: {one.verdict.value}. {one.reason}"
    percent = percent_text(one.percent)
    return (
        f"{one.billing_account_id}, {one.period}: the ledger has"
        f" {money_text(one.ours, one.currency)} {one.metric.value.replace('_', ' ')}, the source"
        f" states {money_text(one.theirs, one.currency)}: {change_text(one.difference)}"
        f"{f', {percent}' if percent else ''}."
    )
