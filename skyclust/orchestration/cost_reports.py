"""The artifacts of a collection of costs: what failed, the deliveries, the reconciliation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from skyclust.contract import CostCalls
from skyclust.costs.collection.account import AccountCosts
from skyclust.costs.collection.verdict import CostProblem
from skyclust.costs.money import exact_text
from skyclust.costs.reconciliation.report import ReconciliationReport
from skyclust.costs.reconciliation.rows import comparison_row, telling
from skyclust.orchestration import artifacts
from skyclust.orchestration.artifacts import Row
from skyclust.orchestration.deferred_work import do_deferred_work
from skyclust.store.engine import Store

_COMPARED: Final = (
    "verdict",
    "billing_account",
    "period",
    "metric",
    "scope",
    "currency",
    "ours",
    "theirs",
    "difference",
    "percent",
    "provisional",
    "source",
    "stated_by",
    "invoice_id",
    "sub_account_id",
    "reason",
)
"""What the table has of a comparison; `skyclust cost reconcile --json` has all of it."""


def report_collection(
    store: Store,
    workspaces: Sequence[str],
    collected: Sequence[AccountCosts],
    problems: Sequence[CostProblem],
    reconciled: Mapping[str, ReconciliationReport],
) -> None:
    """Write the tables of a collection, workspace by workspace, and send the ledger's events.

    Programs read them too (`skyclust run show ID --json`): amounts are exact decimal texts.
    """
    touched = {*workspaces, *(one.workspace_id for one in collected)}
    touched |= {problem.workspace_id for problem in problems}
    for workspace_id in sorted(touched):
        failed = [one for one in problems if one.workspace_id == workspace_id]
        artifacts.show_table(
            f"cost-problems-{workspace_id}",
            [_problem_row(one) for one in failed],
            "Costs that were not collected: why, and what to do",
            total=len(failed),
        )
        rows = [
            row
            for account in collected
            if account.workspace_id == workspace_id
            for row in _delivery_rows(account)
        ]
        artifacts.show_table(
            f"cost-deliveries-{workspace_id}",
            rows,
            "Deliveries: what each did to the ledger",
            total=len(rows),
        )
        calls = [
            _calls_row(one, one.calls)
            for one in collected
            if one.workspace_id == workspace_id and one.calls is not None
        ]
        if calls:
            artifacts.show_table(
                f"cost-calls-{workspace_id}",
                calls,
                "Calls that a cloud charges for",
                total=len(calls),
            )
        report = reconciled.get(workspace_id)
        if report is not None:
            compared = _comparison_rows(report)
            left_out = len(report.comparisons) - len(compared)
            artifacts.show_table(
                f"cost-reconciliation-{workspace_id}",
                compared,
                "The ledger against the totals that its sources state"
                + (f"; {left_out} that cannot be compared are left out" if left_out else ""),
                total=len(compared),
            )
    do_deferred_work(store)


def _problem_row(problem: CostProblem) -> Row:
    return {
        "credential": problem.account,
        "provider": problem.provider,
        "reason": problem.reason,
        "what to do": problem.hint,
        "delivery": problem.delivery,
        "scopes": 0,
        "error class": problem.error_class,
    }


def _delivery_rows(account: AccountCosts) -> list[Row]:
    return [
        {
            "state": one.result.state.value,
            "account": account.account,
            "source": one.source,
            "billing_account": one.billing_account_id,
            "period": str(one.period),
            "rows": one.result.rows,
            "days_written": len(one.result.days_written),
            "days_unchanged": len(one.result.days_unchanged),
            "days_withdrawn": len(one.result.days_withdrawn),
            "shadow": one.result.shadow,
            "delivery_id": one.result.delivery_id,
            "reason": one.result.shadow_reason,
            "remarks": "; ".join(one.result.remarks),
        }
        for one in account.collected.results
    ]


def _calls_row(account: AccountCosts, calls: CostCalls) -> Row:
    return {
        "account": account.account,
        "provider": account.provider,
        "calls": calls.calls,
        "price": exact_text(calls.price),
        "currency": calls.currency,
    }


def _comparison_rows(report: ReconciliationReport) -> list[Row]:
    return [
        {
            name: exact_text(value) if isinstance(value, Decimal) else value
            for name, value in comparison_row(one).items()
            if name in _COMPARED
        }
        for one in telling(report.comparisons)
    ]
