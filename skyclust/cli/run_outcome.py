"""How a flow run ended: its tables, its message, and the exit code that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import typer

from skyclust.cli.exits import ExitCode, exit_code
from skyclust.cli.list_options import ListOptions
from skyclust.cli.options import DEFAULT_WORKSPACE
from skyclust.cli.output import say, show_list, show_record, show_text
from skyclust.errors import class_named
from skyclust.redaction import redact

if TYPE_CHECKING:
    from skyclust.orchestration.runs import RunOutcome

PROBLEMS: Final = "inventory-problems-"
"""What the keys of the tables of accounts that failed begin with; the workspace follows."""

MOST_RUN_ROWS: Final = 20
"""Rows of a run's table that a command shows; the lists of each noun show all."""


OPERATIONS_TABLE: Final = "operations"
"""The key of the table of operations: a flow that has it works through the journal."""

CRASHED_WITH_JOURNAL: Final = (
    "The recovery carries on what it had begun at a cloud, within two minutes: do not ask again"
    " before. Watch it with `skyclust operation list --state running` and `skyclust operation show"
    " ID`, and in the UI as runs of recover-operations."
)
"""What follows for a run whose process died and that works through the journal."""

CRASHED: Final = "It changes nothing at a cloud, what it stored stays: run it again at any time."
"""What follows for any other run whose process died."""


@dataclass(frozen=True)
class Shown:
    """A table of a run that a command prints; `worth` picks the rows that people need to see.

    `for_people` returns a row as a table has it, from the row that programs get. `rest` is the
    command that lists all of them, with RUN for the id of the run. A table that is `in_problems` is
    left out where the problems are shown, which have a line for many rows.
    """

    title: str
    columns: Sequence[str]
    worth: Callable[[Mapping[str, Any]], bool] = lambda row: True
    for_people: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda row: row
    rest: str = ""
    in_problems: bool = False


def finish(
    outcome: RunOutcome, *, as_json: bool, tables: Mapping[str, Shown], problems: str = ""
) -> None:
    """Print how a run ended and end the command with the exit code that says so.

    `tables` are the run's tables that are shown, by the beginning of their key; `problems` is
    that of the table of the accounts that failed, which are shown first. JSON has the run, all
    of each table's rows, and how many rows a run's table leaves out, if any.
    """
    found = {shown.title: _rows(outcome, key) for key, shown in tables.items()}
    failed = _rows(outcome, problems) if problems else []
    if as_json:
        run = {
            "run_id": outcome.run_id,
            "name": outcome.name,
            "state": outcome.state_name,
            "message": redact(outcome.message),
            "url": outcome.url,
        }
        record: dict[str, Any] = run | ({"problems": _for_programs(failed)} if problems else {})
        record |= {_key(title): _for_programs(rows) for title, rows in found.items()}
        if outcome.left_out:
            record["left_out"] = outcome.left_out
        show_record(record, as_json=True)
    else:
        show_problems(failed)
        if any(row["scopes"] for row in failed):
            say(f"Which scopes: {_command('skyclust inventory scopes', outcome, problems)}")
        for key, shown in tables.items():
            rows = [shown.for_people(row) for row in found[shown.title] if shown.worth(row)]
            if rows and not (failed and shown.in_problems):
                left_out = _left_out(outcome, key)
                show_list(
                    rows,
                    shown.columns,
                    ListOptions(limit=MOST_RUN_ROWS),
                    title=shown.title,
                    left_out=left_out,
                )
                if shown.rest and len(rows) + left_out > MOST_RUN_ROWS:
                    say(f"All of them: {_command(shown.rest, outcome, key)}")
        style = "green" if outcome.succeeded else "yellow" if outcome.partial else "red"
        message = redact(outcome.message)
        if failed:  # its last line has the counts; the others name what is shown above
            message = message.splitlines()[-1] if message else ""
        say(f"{outcome.state_name}: {message}", style=style)
        say(f"Flow run: {outcome.url}")
        if outcome.state_type == "CRASHED" and outcome.began:
            say(CRASHED_WITH_JOURNAL if OPERATIONS_TABLE in tables else CRASHED)
    code = outcome_code(outcome)
    if code is not ExitCode.DONE:
        raise typer.Exit(code)


def outcome_code(outcome: RunOutcome) -> ExitCode:
    """Return the exit code of a run: of a failed one that of its error, where it is but one."""
    if outcome.succeeded:
        return ExitCode.DONE
    if outcome.partial:
        return ExitCode.PARTIAL
    classes = _classes(outcome)
    # An error in a run's table came from a cloud; one that ended the run came from the request.
    by_cloud = bool(classes)
    # Prefect's message of a run that raised: "... exception: NotFound: There is no ..."
    if not classes:
        classes = {word.strip() for word in outcome.message.split(":")[:3]}
    known = [kind for name in sorted(classes) if (kind := class_named(name)) is not None]
    if len(known) != 1:
        return ExitCode.FAILED
    return exit_code(known[0]("", provider="cloud" if by_cloud else ""))


def show_problems(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the accounts that failed, each with the reason and with what to do; none is nothing."""
    if not rows:
        return
    accounts = len({row["credential"] for row in rows})
    lines = [f"{accounts} account{'s' * (accounts > 1)} could not be read, or not as a whole:"]
    for row in rows:
        provider = f" ({row['provider']})" if row["provider"] else ""
        reason = str(row["reason"]).rstrip(".")
        lines.append(f"  {row['credential']}{provider}: {reason} [{row['error class']}].")
        if row["what to do"]:
            lines.append(f"    What to do: {row['what to do']}")
    show_text(redact("\n".join(lines)))


def _for_programs(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{_key(name): value for name, value in row.items()} for row in rows]


def _key(heading: str) -> str:
    """Return the key of a heading, which needs no quotes in a program: `error_class`."""
    return heading.lower().replace(" ", "_")


def _classes(outcome: RunOutcome) -> set[str]:
    """Return the classes of the errors in a run's tables.

    Of a sync those of its accounts' problems: its scopes have the classes of what is not
    supported too, which is no failure.
    """
    problems = _rows(outcome, PROBLEMS)
    rows = problems or [row for rows in outcome.tables.values() for row in rows]
    return {str(row["error class"]) for row in rows if row.get("error class")}


def _rows(outcome: RunOutcome, prefix: str) -> list[dict[str, Any]]:
    return [row for key, rows in outcome.tables.items() if key.startswith(prefix) for row in rows]


def _command(command: str, outcome: RunOutcome, prefix: str) -> str:
    """Return the command that lists all rows of a run's table, whose key ends in its workspace."""
    [key, *_] = (key for key in outcome.tables if key.startswith(prefix))
    workspace = key.removeprefix(prefix)
    where = "" if workspace == DEFAULT_WORKSPACE else f" -w {workspace}"
    return command.replace("RUN", outcome.run_id) + where


def _left_out(outcome: RunOutcome, prefix: str) -> int:
    return sum(number for key, number in outcome.left_out.items() if key.startswith(prefix))
