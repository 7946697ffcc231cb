"""How a flow run ended: its tables, its message, and the exit code that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import typer

from skyclust.cli.exits import ExitCode, exit_code
from skyclust.cli.output import say, show_list, show_record
from skyclust.errors import class_named
from skyclust.redaction import redact

if TYPE_CHECKING:
    from skyclust.orchestration.runs import RunOutcome

MOST_ROWS: Final = 20
"""Rows of a run's table that a command shows; the lists of each noun show all."""


@dataclass(frozen=True)
class Shown:
    """A table of a run that a command prints; `worth` picks the rows that people need to see."""

    title: str
    columns: Sequence[str]
    worth: Callable[[Mapping[str, Any]], bool] = lambda row: True


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
