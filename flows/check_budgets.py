"""Check the budgets: what the month costs and will cost against what was planned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from skyclust.costs.counting import counted
from skyclust.file_modes import keep_files_private
from skyclust.model.cost_request import CheckBudgetsRequest
from skyclust.orchestration.deferred_work import do_deferred_work
from skyclust.orchestration.execution import current_run
from skyclust.orchestration.flow_parameters import parameters_of, run_name_of
from skyclust.orchestration.partial_runs import ended, partial_state
from skyclust.orchestration.requester import current_requester
from skyclust.orchestration.superseded_runs import supersede_waiting_runs
from skyclust.store import budgets, workspaces
from skyclust.store.engine import Store, open_store

if TYPE_CHECKING:
    from skyclust.costs.budgets.checking import BudgetCheck


@flow(
    name="check-budgets",
    flow_run_name=run_name_of(CheckBudgetsRequest),
    persist_result=False,
    validate_parameters=False,
)
@parameters_of(CheckBudgetsRequest)
def check_budgets(request: CheckBudgetsRequest) -> State[Any]:
    """Compare the month's costs and forecast with every budget, and fire what is reached.

    Each threshold fires once a month, as an event and in a table and a page of the run. The run
    ends as Completed, or as Partial when something could not be counted that should have been.
    """
    keep_files_private()
    supersede_waiting_runs()
    store = open_store()
    do_deferred_work(store)
    owners = _with_budgets(store, request.workspace)
    if not owners:
        return ended(Completed(message="There are no budgets."))
    checks = _check(store, owners)
    do_deferred_work(store)
    fired = sum(len(one.fired) for one in checks)
    planned = counted(len({_name(one) for one in checks}), "budget was", "budgets were")
    message = f"{planned} checked; {counted(fired, 'alert', 'alerts')} fired."
    partial = sorted({_name(one) for one in checks if one.partial})
    if partial:
        message += f" Not everything could be counted of: {', '.join(partial)}."
        return ended(partial_state(message))
    return ended(Completed(message=message))


def _with_budgets(store: Store, workspace: str | None) -> list[str]:
    """Return the workspaces that have budgets, of all or of one."""
    with store.reading() as connection:
        if workspace is not None:
            wanted = [workspaces.get(connection, workspace)]
        else:
            wanted = workspaces.list_all(connection)
        return [one.id for one in wanted if budgets.list_all(connection, one.id)]


def _check(store: Store, owners: Sequence[str]) -> list[BudgetCheck]:
    from skyclust.costs.budgets.checking import (  # noqa: PLC0415  # loads pandas and statsmodels
        check_budgets as check,
    )
    from skyclust.orchestration.budget_reports import (  # noqa: PLC0415  # loads what it reports
        report_budgets,
    )

    today = datetime.now(UTC).date()
    checks: list[BudgetCheck] = []
    for workspace_id in owners:
        mine = check(
            store, workspace_id, today, run_id=current_run(), checked_by=current_requester()
        )
        report_budgets(workspace_id, mine)
        checks += mine
    return checks


def _name(check: BudgetCheck) -> str:
    return f"{check.workspace_id}/{check.status.budget.name}"
