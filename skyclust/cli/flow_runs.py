"""Running a flow for a command: through its deployment and followed, or in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

import typer

from skyclust.cli.exits import ExitCode
from skyclust.cli.output import say
from skyclust.cli.run_progress import RunProgress, Waiting
from skyclust.cli.server import require_server

if TYPE_CHECKING:
    from skyclust.orchestration.runs import RunOutcome, RunUpdate


class Request(Protocol):
    """The parameters of a flow, with one line that says what they ask for."""

    @property
    def summary(self) -> str:
        """Return a summary of the request."""

    def parameters(self) -> dict[str, Any]:
        """Return the parameters as JSON values."""


def run_flow(flow: str, request: Request, *, local: bool) -> RunOutcome:
    """Run a flow to its end and return how it ended.

    By default the deployment of the same name is triggered and followed; Ctrl-C then leaves
    the run alone. Ctrl-C of a run in this process ends it, and cancels nothing. Raises
    Unavailable when there is no server, and what `skyclust.orchestration.runs` raises.
    """
    api_url = require_server()
    from skyclust.orchestration import runs

    parameters = request.parameters()
    if local:
        return _run_here(flow, parameters)
    deployment = f"{flow}/{flow}"
    # A request that is sent twice, because the answer to the first was lost, makes one run.
    key = runs.idempotency_key(deployment, parameters, nonce=uuid4().hex)
    run_id = runs.trigger(deployment, parameters, name=request.summary, idempotency_key=key)
    say(f"Flow run: {runs.run_url(run_id)}")
    return _follow(run_id, request.summary, Waiting(api_url, deployment))


def _follow(run_id: str, summary: str, waiting: Waiting) -> RunOutcome:
    from skyclust.orchestration import runs

    show = RunProgress(summary)

    def update(now: RunUpdate) -> None:
        show.update(now)
        if now.state_type in {"SCHEDULED", "PENDING"}:
            waiting.explain()

    try:
        with show.bar:
            return runs.follow(run_id, on_update=update, timeout=None)
    except KeyboardInterrupt:
        say("The run goes on without this command. Nothing is cancelled. Look at it here:")
        say(f"  {runs.run_url(run_id)}")
        say("To cancel: *Cancel* there, or `skyclust operation cancel ID`.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _run_here(flow: str, parameters: dict[str, Any]) -> RunOutcome:
    from skyclust.orchestration import runs

    try:
        return runs.run_here(flow, parameters)
    except KeyboardInterrupt:
        say("The run ends here; nothing is cancelled. What it began is carried on by the recovery.")
        say("To cancel that: `skyclust operation list --state running`, then `cancel ID`.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
