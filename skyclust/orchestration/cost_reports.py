"""The artifacts of a collection of costs: what failed, the deliveries, the reconciliation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skyclust.costs.collection.account import AccountCosts
from skyclust.costs.collection.verdict import CostProblem
from skyclust.costs.money import money_text, percent_text
from skyclust.costs.reconciliation.report import ReconciliationReport
from skyclust.costs.reconciliation.rows import telling
from skyclust.orchestration import artifacts
from skyclust.orchestration.artifacts import Row
from skyclust.orchestration.deferred_work import do_deferred_work
from skyclust.store.engine import Store


def report_collection(
    store: Store,
    workspaces: Sequence[str],
    collected: Sequence[AccountCosts],
    problems: Sequence[CostProblem],
    reconciled: Mapping[str, ReconciliationReport],
) -> None:
    """Write the tables of a collection, workspace by workspace, and send the ledger's events."""
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
    rows: list[Row] = [
        {
            "state": one.result.state.value + (" (shadow)" if one.result.shadow else ""),
            "account": account.account,
            "period": str(one.period),
            "rows": one.result.rows,
            "days written": len(one.result.days_written),
            "days unchanged": len(one.result.days_unchanged),
            "days withdrawn": len(one.result.days_withdrawn),
            "source": one.source,
            "billing account": one.billing_account_id,
            "remarks": "; ".join(one.result.remarks),
        }
        for one in account.collected.results
    ]
    if account.calls is not None:
        cost = money_text(account.calls.price, account.calls.currency)
        rows.append(
            {
                "state": "calls",
                "account": account.account,
                "remarks": f"{account.calls.calls} priced calls of the cloud: {cost}",
            }
        )
    return rows


def _comparison_rows(report: ReconciliationReport) -> list[Row]:
    return [
        {
            "verdict": one.verdict.value,
            "account": one.billing_account_id,
            "period": str(one.period),
            "metric": one.metric.value,
            "ours": money_text(one.ours, one.currency),
            "theirs": money_text(one.theirs, one.currency),
            "difference": money_text(one.difference, one.currency),
            "percent": percent_text(one.percent),
            "scope": one.scope,
            "reason": one.reason,
        }
        for one in telling(report.comparisons)
    ]
