"""Running a flow for a command: through its deployment and followed, or in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

import typer

from skyclust.cli.exits import ExitCode
from skyclust.cli.output import say, show_record, show_text
from skyclust.cli.requested_names import require_workspace
from skyclust.cli.run_outcome import CRASHED
from skyclust.cli.run_tables import works_through_journal
from skyclust.cli.run_waiting import Waiting, obstacles_of
from skyclust.cli.server import require_server
from skyclust.errors import InvalidRequest

if TYPE_CHECKING:
    from skyclust.orchestration.runs import RunOutcome, RunUpdate


class Request(Protocol):
    """The parameters of a flow, with one line that says what they ask for."""

    @property
    def summary(self) -> str:
        """Return a summary of the request."""

    def parameters(self) -> dict[str, Any]:
        """Return the parameters as JSON values."""


def run_flow(
    flow: str,
    request: Request,
    *,
    local: bool,
    no_wait: bool = False,
    as_json: bool = False,
    started: Callable[[str], object] = lambda run_id: None,
) -> RunOutcome:
    """Run a flow to its end and return how it ended.

    By default the deployment of the same name is triggered and followed; Ctrl-C then leaves
    the run alone. With `no_wait` the command ends once the run is triggered: its id is printed,
    with `as_json` its name and address too. Ctrl-C of a run in this process ends it, and cancels
    nothing. `started` is called with the run's id: once it is triggered, or, of a run in this
    process, at its end. Raises InvalidRequest for a run in this process that is not to be waited
    for, NotFound for an unknown workspace, Unavailable when there is no server, and what
    `skyclust.orchestration.runs` raises.
    """
    if local and no_wait:
        raise InvalidRequest(
            "--no-wait does not go with --local: what runs in this process ends with it.",
            hint="Leave one of them out.",
        )
    parameters = request.parameters()
    if parameters.get("workspace"):
        require_workspace(parameters["workspace"])
    api_url = require_server()
    from skyclust.orchestration import runs

    if local:
        outcome = _run_here(flow, parameters)
        started(outcome.run_id)
        return outcome
    deployment = f"{flow}/{flow}"
    # A request that is sent twice, because the answer to the first was lost, makes one run.
    key = runs.idempotency_key(deployment, parameters, nonce=uuid4().hex)
    run_id = runs.trigger(deployment, parameters, name=request.summary, idempotency_key=key)
    started(run_id)
    waiting = Waiting(obstacles_of(api_url, deployment))
    if no_wait:
        _leave(run_id, waiting, as_json=as_json)
    say(f"Flow run: {runs.run_url(run_id)}")
    return follow_run(run_id, request.summary, waiting, flow=flow)


def follow_run(
    run_id: str, summary: str, waiting: Waiting, *, flow: str, timeout: float | None = None
) -> RunOutcome:
    """Follow a run to its end on the terminal and return how it ended.

    Ctrl-C ends the command, and leaves the run alone. Raises what
    `skyclust.orchestration.runs.follow` raises.
    """
    from skyclust.cli.run_progress import RunProgress
    from skyclust.orchestration import runs

    show = RunProgress(summary)

    def update(now: RunUpdate) -> None:
        show.update(now)
        waiting.explain(now)

    try:
        with show.bar:
            return runs.follow(run_id, on_update=update, timeout=timeout)
    except KeyboardInterrupt:
        say("The run goes on without this command. Nothing is cancelled. Look at it here:")
        say(f"  {runs.run_url(run_id)}")
        say(f"To follow it again: `skyclust run wait {run_id}`.")
        by_command = ", or `skyclust operation cancel ID`" if works_through_journal(flow) else ""
        say(f"To cancel: *Cancel* there{by_command}.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _leave(run_id: str, waiting: Waiting, *, as_json: bool) -> None:
    """Print a run that was triggered, and end the command."""
    from skyclust.orchestration.run_lookup import find_run
    from skyclust.orchestration.runs import run_url

    run, url = find_run(run_id).update, run_url(run_id)
    if as_json:
        show_record({"run_id": run_id, "name": run.name, "url": url}, as_json=True)
    else:
        show_text(run_id)
    say(f"Flow run: {url}")
    say(f"To wait for its end: `skyclust run wait {run_id}`; to look: `skyclust run show {run_id}`")
    waiting.explain(run)
    raise typer.Exit(ExitCode.DONE)


def _run_here(flow: str, parameters: dict[str, Any]) -> RunOutcome:
    from skyclust.orchestration import runs

    try:
        return runs.run_here(flow, parameters)
    except KeyboardInterrupt:
        if works_through_journal(flow):
            say("The run ends here; nothing is cancelled. The recovery carries on what it began.")
            say("To cancel that: `skyclust operation list --state running`, then `cancel ID`.")
        else:
            say(f"The run ends here. {CRASHED}")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
