"""The sums of the ledger that reconciliation compares with the totals of the sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from skyclust.contract.cost import BillingPeriod, CostTotal
from skyclust.costs.ledger.duckdb_sessions import session, slices_relation
from skyclust.costs.ledger.slice_content import CHARGE_DAY
from skyclust.costs.ledger.slice_files import read_current
from skyclust.costs.ledger.staging_folders import staging_folder
from skyclust.costs.ledger.storage import LedgerRoot, open_root
from skyclust.costs.reconciliation.reconciling import reconcile_ledger
from skyclust.costs.reconciliation.report import ReconciliationReport
from skyclust.costs.reconciliation.sums import Coverage, LedgerSum, StatedTotal
from skyclust.model.cost_metric import CostMetric
from skyclust.store import (
    cost_accounts,
    cost_deliveries,
    cost_heads,
    cost_slices,
    cost_totals,
    workspaces,
)
from skyclust.store.cost_heads import CostHead, PeriodKey
from skyclust.store.cost_slices import Slice
from skyclust.store.engine import Store

_FAR: Final = date(9999, 1, 1)
_LONG_AGO: Final = date(1, 1, 1)

_KEYS: Final = f"{CHARGE_DAY}, BillingCurrency, ChargeCategory, InvoiceId, SubAccountId"

_SUMS: Final = """count(*), sum(BilledCost), sum(EffectiveCost),
CASE WHEN count(ListCost) = count(*) THEN sum(ListCost) END,
CASE WHEN count(ContractedCost) = count(*) THEN sum(ContractedCost) END"""


class StoredSums:
    """The sums of one workspace, as `skyclust.costs.reconciliation.sums.LedgerSums` has them."""

    def __init__(self, store: Store, workspace_id: str, root: LedgerRoot | None = None) -> None:
        self._store = store
        self._workspace = workspace_id
        self._root = root

    def coverage(self, start: date, end: date) -> Iterable[Coverage]:
        """Return what each source has delivered of the periods that begin in [start, end)."""
        with self._store.reading() as connection:
            heads = _heads(cost_heads.list_all(connection, self._workspace), start, end)
            claims = cost_deliveries.claims(connection, self._workspace, _LONG_AGO, _FAR)
            owners = {
                one.billing_account_id: one.source
                for one in cost_accounts.list_all(connection, self._workspace)
            }
        return [
            Coverage(
                source=head.key.source,
                provider=head.provider,
                billing_account_id=head.key.billing_account_id,
                period=_month(head.key.period_start),
                claimed=tuple((one.start, one.end) for one in claims if one.key == head.key),
                shadow=head.shadow or owners.get(head.key.billing_account_id) != head.key.source,
                provisional=head.provisional,
            )
            for head in heads
        ]

    def sums(self, start: date, end: date) -> Iterable[LedgerSum]:
        """Return the sums of the current slices of these periods, of every source."""
        with self._store.reading() as connection:
            heads = _heads(cost_heads.list_all(connection, self._workspace), start, end)
        root = self._root or open_root()
        return [summed for head in heads for summed in self._summed(head.key, root)]

    def _summed(self, key: PeriodKey, root: LedgerRoot) -> list[LedgerSum]:
        def current() -> list[Slice]:
            with self._store.reading() as connection:
                return cost_slices.of_period(connection, self._workspace, key)

        def read(slices: Sequence[Slice]) -> list[LedgerSum]:
            names = [one.file for one in slices if one.file is not None]
            return [*_period_sums(key, names, root)] if names else []

        return read_current(current, read, root)

    def totals(self, start: date, end: date) -> Iterable[StatedTotal]:
        """Return the totals as each source stated them last."""
        with self._store.reading() as connection:
            stored = cost_totals.list_all(connection, self._workspace, start, end)
        return [
            StatedTotal(
                one.key.source,
                CostTotal(
                    billing_account_id=one.key.billing_account_id,
                    period=_month(one.key.period_start),
                    metric=CostMetric(one.metric),
                    currency=one.currency,
                    amount=one.amount,
                    scope=one.scope,
                    read_at=one.read_at,
                    start=one.first_day,
                    end=one.end_day,
                    invoice_id=one.invoice_id,
                    sub_account_id=one.sub_account_id,
                ),
            )
            for one in stored
        ]


def reconcile_workspaces(
    store: Store, workspace_ids: Sequence[str], start: date, end: date
) -> dict[str, ReconciliationReport]:
    """Return the reconciliation of each workspace: of the billing periods that [start, end) meets.

    Raises NotFound for an unknown workspace, and as
    `skyclust.costs.ledger.slice_files.read_current` does.
    """
    with store.reading() as connection:
        for workspace_id in workspace_ids:
            workspaces.get(connection, workspace_id)
    first = start.replace(day=1)
    return {
        workspace_id: reconcile_ledger(StoredSums(store, workspace_id), first, end)
        for workspace_id in workspace_ids
    }


def _heads(heads: Sequence[CostHead], start: date, end: date) -> list[CostHead]:
    return [head for head in heads if start <= head.key.period_start < end]


def _period_sums(key: PeriodKey, names: Sequence[str], root: LedgerRoot) -> Iterator[LedgerSum]:
    with staging_folder() as folder, session(folder) as connection:
        relation = slices_relation(connection, root, names, "period")
        rows: list[tuple[Any, ...]] = connection.execute(
            f"SELECT {_KEYS}, {_SUMS} FROM {relation} GROUP BY 1, 2, 3, 4, 5 ORDER BY ALL"  # noqa: S608  # constants, and quoted names
        ).fetchall()
    for day, currency, category, invoice, sub_account, rows_, *amounts in rows:
        billed, effective, listed, contracted = amounts
        yield LedgerSum(
            source=key.source,
            billing_account_id=key.billing_account_id,
            period=_month(key.period_start),
            day=day,
            currency=currency,
            charge_category=category,
            invoice_id=invoice,
            sub_account_id=sub_account,
            rows=rows_,
            billed_cost=billed if billed is not None else Decimal(0),
            effective_cost=effective if effective is not None else Decimal(0),
            list_cost=listed,
            contracted_cost=contracted,
        )


def _month(start: date) -> BillingPeriod:
    """Return the billing period that begins on a day: a calendar month, as every source has it."""
    months = start.year * 12 + start.month
    return BillingPeriod(start, date(months // 12, months % 12 + 1, 1))
