"""`skyclust run`: a flow run that was triggered, looked at or waited for again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skyclust.cli.exits import ExitCode
from skyclust.cli.flow_runs import follow_run
from skyclust.cli.options import DEFAULT_WORKSPACE, AnyWorkspace, AsJson
from skyclust.cli.output import report_error, show_record
from skyclust.cli.run_outcome import finish
from skyclust.cli.run_tables import OF_FLOWS, PROBLEMS_OF_FLOWS
from skyclust.cli.run_waiting import Waiting, obstacles_of
from skyclust.cli.server import require_server
from skyclust.errors import Timeout

if TYPE_CHECKING:
    from skyclust.orchestration.run_lookup import FoundRun
    from skyclust.orchestration.runs import RunOutcome

app = typer.Typer(no_args_is_help=True)

Id = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="Id of the flow run, or the beginning of a recent one's.",
    ),
]


@app.command()
def show(id: Id, workspace: AnyWorkspace = DEFAULT_WORKSPACE, as_json: AsJson = False) -> None:  # noqa: A002
    """Show how far a run is, or how it ended: then with the exit code of its end."""
    api_url = require_server()
    from skyclust.orchestration.run_lookup import find_run

    found = find_run(id)
    if found.outcome is not None:
        _finish(found.flow, found.outcome, as_json=as_json)
        return
    show_record(_record(found), as_json=as_json, title=f"Flow run {found.update.name}")
    _waiting(api_url, found).explain(found.update)


@app.command()
def wait(
    id: Id,  # noqa: A002
    *,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="SECONDS", help="Leave it then, with exit code 124. Default: never."
        ),
    ] = None,
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Wait for the end of a run, and end as it ends; Ctrl-C leaves the run alone."""
    api_url = require_server()
    from skyclust.orchestration.run_lookup import find_run

    found = find_run(id)
    outcome = found.outcome
    if outcome is None:
        waiting = _waiting(api_url, found)
        try:
            outcome = follow_run(
                found.update.run_id,
                found.update.name,
                waiting,
                flow=found.flow,
                timeout=timeout,
            )
        except Timeout as error:
            report_error(error)
            raise typer.Exit(ExitCode.STILL_AT_WORK) from None
    _finish(found.flow, outcome, as_json=as_json)


def _waiting(api_url: str, found: FoundRun) -> Waiting:
    """Return what says why a run does not begin; one of no deployment waits for no worker."""
    if found.deployment is None:
        return Waiting(list)
    return Waiting(obstacles_of(api_url, found.deployment))


def _finish(flow: str, outcome: RunOutcome, *, as_json: bool) -> None:
    finish(
        outcome,
        as_json=as_json,
        tables=OF_FLOWS.get(flow, {}),
        problems=PROBLEMS_OF_FLOWS.get(flow, ""),
    )


def _record(found: FoundRun) -> dict[str, object]:
    from skyclust.orchestration.runs import run_url

    now = found.update
    return {
        "run_id": now.run_id,
        "name": now.name,
        "flow": found.flow,
        "state": now.state_name,
        "message": now.message,
        "percent": now.progress.percent if now.progress else None,
        "counted": now.progress.words if now.progress else None,
        "triggered_at": now.created_at,
        "started_at": found.started_at,
        "url": run_url(now.run_id),
    }
