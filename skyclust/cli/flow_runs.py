"""Running a flow for a command: through its deployment and followed, or in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import uuid4

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from skyclust.cli.exits import ExitCode, exit_code
from skyclust.cli.output import printable, say, show_list, show_record, stderr
from skyclust.cli.server import require_server
from skyclust.errors import SkyClustError, class_named
from skyclust.redaction import redact

if TYPE_CHECKING:
    from skyclust.orchestration.runs import RunOutcome, RunUpdate


MOST_ROWS: Final = 20
"""Rows of a run's table that a command shows; the lists of each noun show all."""


class Request(Protocol):
    """The parameters of a flow, with one line that says what they ask for."""

    @property
    def summary(self) -> str:
        """Return a summary of the request."""

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Return the parameters as JSON values."""


@dataclass(frozen=True)
class Shown:
    """A table of a run that a command prints; `worth` picks the rows that people need to see."""

    title: str
    columns: Sequence[str]
    worth: Callable[[Mapping[str, Any]], bool] = lambda row: True


def run_flow(flow: str, request: Request, *, local: bool) -> RunOutcome:
    """Run a flow to its end and return how it ended.

    By default the deployment of the same name is triggered and followed; Ctrl-C then leaves
    the run alone. Ctrl-C of a run in this process ends it, and cancels nothing. Raises
    Unavailable when there is no server, and what `skyclust.orchestration.runs` raises.
    """
    api_url = require_server()
    from skyclust.orchestration import runs

    parameters = {"request": request.model_dump(mode="json")}
    if local:
        return _run_here(flow, parameters)
    deployment = f"{flow}/{flow}"
    # A request that is sent twice, because the answer to the first was lost, makes one run.
    key = runs.idempotency_key(deployment, parameters, nonce=uuid4().hex)
    run_id = runs.trigger(deployment, parameters, idempotency_key=key)
    say(f"Flow run: {runs.run_url(run_id)}")
    return _follow(run_id, request.summary, Waiting(api_url, deployment))


def finish(outcome: RunOutcome, *, as_json: bool, tables: Mapping[str, Shown]) -> None:
    """Print how a run ended and end the command with the exit code that says so.

    `tables` are the run's tables that are shown, by the beginning of their key. JSON has the
    run, all of each table's rows, and how many rows a run's table leaves out, if any.
    """
    found = {shown.title: _rows(outcome, key) for key, shown in tables.items()}
    if as_json:
        run = {
            "run_id": outcome.run_id,
            "name": outcome.name,
            "state": outcome.state_name,
            "message": redact(outcome.message),
            "url": outcome.url,
        }
        record: dict[str, Any] = run | {title.lower(): rows for title, rows in found.items()}
        if outcome.left_out:
            record["left_out"] = outcome.left_out
        show_record(record, as_json=True)
    else:
        for key, shown in tables.items():
            rows = [row for row in found[shown.title] if shown.worth(row)]
            if rows:
                show_list(
                    rows,
                    shown.columns,
                    as_json=False,
                    title=shown.title,
                    most=MOST_ROWS,
                    left_out=_left_out(outcome, key),
                )
        style = "green" if outcome.succeeded else "yellow" if outcome.partial else "red"
        say(f"{outcome.state_name}: {redact(outcome.message)}", style=style)
        say(f"Flow run: {outcome.url}")
        if outcome.state_type == "CRASHED":
            say(
                "What it had begun at a cloud, if anything, is carried on by the recovery: look at"
                " `skyclust operation list` before you ask again."
            )
    code = outcome_code(outcome)
    if code is not ExitCode.DONE:
        raise typer.Exit(code)


def outcome_code(outcome: RunOutcome) -> ExitCode:
    """Return the exit code of a run: of a failed one that of its error, where it is but one."""
    if outcome.succeeded:
        return ExitCode.DONE
    if outcome.partial:
        return ExitCode.PARTIAL
    classes = {
        str(row["error class"])
        for rows in outcome.tables.values()
        for row in rows
        if row.get("error class")
    }
    # An error in a run's table came from a cloud; one that ended the run came from the request.
    by_cloud = bool(classes)
    # Prefect's message of a run that raised: "... exception: NotFound: There is no ..."
    if not classes:
        classes = {word.strip() for word in outcome.message.split(":")[:3]}
    known = [kind for name in sorted(classes) if (kind := class_named(name)) is not None]
    if len(known) != 1:
        return ExitCode.FAILED
    return exit_code(known[0]("", provider="cloud" if by_cloud else ""))


def _rows(outcome: RunOutcome, prefix: str) -> list[dict[str, Any]]:
    return [row for key, rows in outcome.tables.items() if key.startswith(prefix) for row in rows]


def _left_out(outcome: RunOutcome, prefix: str) -> int:
    return sum(number for key, number in outcome.left_out.items() if key.startswith(prefix))


def _follow(run_id: str, summary: str, waiting: Waiting) -> RunOutcome:
    from skyclust.orchestration import runs

    show = _Progress(summary)

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


class Waiting:
    """Says why a run does not begin, each reason once."""

    def __init__(self, api_url: str, deployment: str) -> None:
        self.api_url = api_url
        self.deployment = deployment
        self.said: set[str] = set()

    def explain(self) -> None:
        """Look at what is in the run's way and say what is new; a look that fails says nothing."""
        from skyclust.embedded.run_obstacles import obstacles

        try:
            found = obstacles(self.api_url, self.deployment)
        except SkyClustError:
            return
        for sentence in found:
            if sentence not in self.said:
                say(f"The run waits. {sentence}", style="yellow")
        self.said.update(found)


class _Progress:
    """A bar on a terminal; elsewhere a line for each new state."""

    def __init__(self, summary: str) -> None:
        self.summary = printable(summary)
        console = stderr()
        self.on_terminal = console.is_terminal
        self.bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self.on_terminal,
        )
        self.task: TaskID = self.bar.add_task(self.summary, total=None)
        self.said = ""

    def update(self, update: RunUpdate) -> None:
        """Show how far the run is."""
        text = f"{self.summary}: {printable(update.state_name)}"
        known = update.progress is not None
        self.bar.update(
            self.task,
            description=text,
            total=100 if known else None,
            completed=update.progress if known else 0,
        )
        if not self.on_terminal and text != self.said:
            say(text)
        self.said = text
