"""Collect what the accounts cost: apply deliveries, then reconcile the ledger with its sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from skyclust.costs.collection.account import AccountCosts
from skyclust.costs.collection.deliveries import CollectionOptions
from skyclust.costs.collection.plan import CollectionPlan, plan_collection
from skyclust.costs.collection.verdict import CollectionVerdict, cost_problems, judge_collection
from skyclust.costs.ledger.slice_files import damage_summary
from skyclust.costs.metrics.reading import MetricsRead, note_failure, summary_of
from skyclust.costs.reconciliation.ledger_sums import reconcile_workspaces
from skyclust.costs.reconciliation.report import ReconciliationReport
from skyclust.errors import SkyClustError, internal_error
from skyclust.file_modes import keep_files_private
from skyclust.model.cost_request import CollectCostsRequest
from skyclust.model.credential_key import CredentialKey
from skyclust.orchestration.artifacts import ProgressBar
from skyclust.orchestration.cost_reports import report_collection
from skyclust.orchestration.credentials import adopt_blocks
from skyclust.orchestration.deferred_work import do_deferred_work
from skyclust.orchestration.execution import current_run
from skyclust.orchestration.flow_parameters import parameters_of, run_name_of
from skyclust.orchestration.partial_runs import ended, partial_state
from skyclust.orchestration.requester import current_requester
from skyclust.orchestration.runs import tag_this_run
from skyclust.orchestration.superseded_runs import supersede_waiting_runs
from skyclust.store.engine import Store, open_store
from tasks.costs import (
    collect_costs_of_account,
    import_costs,
    import_costs_of_bucket,
    price_by_book,
)
from tasks.metrics import read_metrics_of_account
from tasks.retention import remove_old_cost_files, verify_cost_files

ACCOUNTS_AT_ONCE: Final = 3
"""Each collection may hold 600 MB of rows."""


@flow(
    name="collect-costs",
    flow_run_name=run_name_of(CollectCostsRequest),
    task_runner=ThreadPoolTaskRunner(max_workers=ACCOUNTS_AT_ONCE),  # type: ignore[arg-type]  # generic in the result
    persist_result=False,
    validate_parameters=False,
)
@parameters_of(CollectCostsRequest)
def collect_costs(request: CollectCostsRequest) -> State[Any]:
    """Apply every delivery all or nothing, and compare the ledger with what the sources state.

    The run ends as Completed; as Partial when something was not collected or does not add up, or
    files of the ledger are damaged; as Failed when nothing was collected. Its message says what
    failed, why, and what to do.
    """
    keep_files_private()
    supersede_waiting_runs()
    store = open_store()
    do_deferred_work(store)
    refused = adopt_blocks(store, request.workspace, request.credentials)
    plan = plan_collection(
        store, request, datetime.now(UTC).date(), refused={one.name for one in refused}
    )
    tag_this_run({f"workspace:{workspace}" for workspace in plan.workspaces})
    options = CollectionOptions(
        current_run(), current_requester(), request.brake_share, request.allow_mass_withdrawal
    )
    collected, failed = _results(_begin(request, plan, options))
    problems = cost_problems(collected, refused, failed)
    reconciled = _reconciled(store, plan, collected, imported=request.folder is not None)
    differences = sum(report.differences for report in reconciled.values())
    verdict = judge_collection(
        collected, problems, differences, unpriced=[one.name for one in plan.without_costs]
    )
    report_collection(store, plan.workspaces, collected, problems, reconciled)
    metered = _read_metrics(store, plan.metered)
    # An error of it is in the log of its task: what was collected is in the ledger.
    remove_old_cost_files(plan.workspaces, return_state=True)
    return ended(_end_state(verdict, metered, _damaged(plan.workspaces)))


def _begin(
    request: CollectCostsRequest, plan: CollectionPlan, options: CollectionOptions
) -> dict[CredentialKey, PrefectFuture[AccountCosts]]:
    """Begin a task for each account, price book or folder; the key names it in errors.

    The key of what is read without a credential has no provider.
    """
    if request.folder:
        workspace = request.workspace or "default"
        name = request.source or "folder"
        if request.bucket is not None:
            reader = CredentialKey(workspace, request.credentials[0], "")
            future = import_costs_of_bucket.submit(reader, request.bucket, request.source, options)
            return {reader: future}
        future = import_costs.submit(workspace, request.folder, request.source, options)
        return {CredentialKey(workspace, name, ""): future}
    begun = {
        account: collect_costs_of_account.submit(account, plan.start, plan.end, options)
        for account in plan.accounts
    }
    for workspace, book in plan.books:
        begun[CredentialKey(workspace, f"price-book:{book}", "")] = price_by_book.submit(
            workspace, book, plan.start, plan.end, options, plan.priced_in(workspace)
        )
    return begun


def _results(
    begun: Mapping[CredentialKey, PrefectFuture[AccountCosts]],
) -> tuple[list[AccountCosts], dict[CredentialKey, SkyClustError]]:
    """Wait for all tasks; return what was collected, and why the others failed."""
    bar = ProgressBar("costs-progress", "collecting costs") if begun else None
    collected: list[AccountCosts] = []
    failed: dict[CredentialKey, SkyClustError] = {}
    for number, (account, outcome) in enumerate(_outcomes(begun), 1):
        if isinstance(outcome, AccountCosts):
            collected.append(outcome)
        else:
            failed[account] = outcome
        if bar is not None:
            bar.move(100 * number / len(begun), f"{number} of {len(begun)} accounts collected")
    return collected, failed


def _outcomes(
    begun: Mapping[CredentialKey, PrefectFuture[AccountCosts]],
) -> Iterator[tuple[CredentialKey, AccountCosts | SkyClustError]]:
    for account, future in begun.items():
        outcome = future.result(raise_on_failure=False)
        if isinstance(outcome, Exception) and not isinstance(outcome, SkyClustError):
            yield account, internal_error(outcome)
        else:
            yield account, outcome


def _reconciled(
    store: Store, plan: CollectionPlan, collected: Sequence[AccountCosts], *, imported: bool
) -> Mapping[str, ReconciliationReport]:
    """Reconcile the workspaces of the plan; after an import the accounts that it brought."""
    if not imported:
        return reconcile_workspaces(store, plan.workspaces, plan.start, plan.end)
    brought = {one.billing_account_id for account in collected for one in account.collected.results}
    if not brought:
        return {}
    reports = reconcile_workspaces(store, plan.workspaces, plan.start, plan.end)
    return {workspace: report.of_accounts(brought) for workspace, report in reports.items()}


def _read_metrics(store: Store, accounts: Sequence[CredentialKey]) -> str:
    """Read the metrics of accounts; return what was read and what was not, for the message.

    Costs are collected whole without them: what failed is kept with each instance, and counted
    where advice is shown.
    """
    begun = {account: read_metrics_of_account.submit(account) for account in accounts}
    reads = []
    for account, future in begun.items():
        outcome = future.result(raise_on_failure=False)
        if isinstance(outcome, MetricsRead):
            reads.append(outcome)
            continue
        error = outcome if isinstance(outcome, SkyClustError) else internal_error(outcome)
        reads.append(note_failure(store, account, error, datetime.now(UTC)))
    return summary_of(reads)


def _damaged(workspaces: Sequence[str]) -> Sequence[str]:
    """Return in words which files are damaged; an error of that is in the log of the task."""
    found = verify_cost_files(workspaces, return_state=True).result(raise_on_failure=False)
    return found if isinstance(found, list) else ()


def _end_state(verdict: CollectionVerdict, metered: str, damaged: Sequence[str]) -> State[Any]:
    lost = damage_summary(damaged)
    message = "\n".join(filter(None, (lost, verdict.message, metered)))
    if verdict.complete and not damaged:
        return Completed(message=message)
    return Failed(message=message) if verdict.nothing else partial_state(message)
