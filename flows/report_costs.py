"""Report the costs of each workspace: a page in the UI, and its headline as the run's message."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from skyclust.costs.report.content import report_page
from skyclust.costs.report.gathering import gather_report, report_range
from skyclust.costs.report.headline import headline
from skyclust.costs.report.markdown_page import markdown_page
from skyclust.errors import SkyClustError
from skyclust.file_modes import keep_files_private
from skyclust.model.cost_request import ReportCostsRequest
from skyclust.orchestration import artifacts
from skyclust.orchestration.deferred_work import do_deferred_work
from skyclust.orchestration.flow_parameters import parameters_of, run_name_of
from skyclust.orchestration.partial_runs import ended, partial_state
from skyclust.orchestration.runs import tag_this_run
from skyclust.orchestration.superseded_runs import supersede_waiting_runs
from skyclust.store import workspaces
from skyclust.store.engine import Store, open_store
from tasks.prices import read_due_prices


@flow(
    name="report-costs",
    flow_run_name=run_name_of(ReportCostsRequest),
    persist_result=False,
    validate_parameters=False,
)
@parameters_of(ReportCostsRequest)
def report_costs(request: ReportCostsRequest) -> State[Any]:
    """Write the cost report of each workspace as a page in the UI.

    List prices that are due are read before it, for the savings of its advice.

    The message says what was spent, what the month is expected to cost, and what needs a look. The
    run ends as Partial when a workspace could not be reported, as Failed when none could.
    """
    keep_files_private()
    supersede_waiting_runs()
    store = open_store()
    do_deferred_work(store)
    with store.reading() as connection:
        names = (
            [request.workspace]
            if request.workspace
            else [one.id for one in workspaces.list_all(connection)]
        )
    tag_this_run({f"workspace:{name}" for name in names})
    today = datetime.now(UTC).date()
    days = report_range(request.start, request.end, today)
    lines: list[str] = []
    failed = 0
    for name in names:
        try:
            read_due_prices(name)
            lines.append(_report(store, name, days, today))
        except SkyClustError as error:
            if request.workspace:
                raise
            failed += 1
            lines.append(f"{name}: not reported: {error.message}")
            logging.getLogger("skyclust.costs").warning("%s: %s", name, error)
    message = "\n".join(lines) or "There is no workspace."
    if not failed:
        return ended(Completed(message=message))
    return ended(Failed(message=message) if failed == len(names) else partial_state(message))


def _report(store: Store, workspace_id: str, days: tuple[date, date], today: date) -> str:
    """Write the page of one workspace and return its headline."""
    data = gather_report(store, workspace_id, *days, today=today)
    said = headline(data)
    artifacts.show_text(f"cost-report-{workspace_id}", markdown_page(report_page(data)), said)
    return said
