"""`skyclust cost export`: the rows of the ledger as a FOCUS file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from skyclust.cli.cost_frames import read_coverage, say_gaps
from skyclust.cli.cost_options import From, Sources, To, parse_range, parse_where
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Workspace
from skyclust.cli.output import say, show_record
from skyclust.costs.counting import counted
from skyclust.errors import InvalidRequest


class FileFormat(StrEnum):
    """The formats of an export."""

    PARQUET = "focus-parquet"
    CSV = "focus-csv"


class FocusVersion(StrEnum):
    """The versions of FOCUS that are written."""

    V1_2 = "1.2"
    V1_3 = "1.3"
    V1_4 = "1.4"


def export(
    path: Annotated[Path, typer.Argument(help="The file to write.")],
    *,
    file_format: Annotated[
        FileFormat, typer.Option("--format", help="Parquet is exact, and a tenth of the size.")
    ] = FileFormat.PARQUET,
    focus_version: Annotated[
        FocusVersion, typer.Option("--focus-version", help="The FOCUS specification of the file.")
    ] = FocusVersion.V1_2,
    start: From = None,
    end: To = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="DIMENSION=VALUE",
            help="Only these: provider=aws, billing_account=123. May be repeated.",
        ),
    ] = None,
    source: Sources = None,
    no_formula_escapes: Annotated[
        bool,
        typer.Option(
            "--no-formula-escapes",
            help="Leave texts of a CSV as they are, also those that a spreadsheet would compute.",
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Write the rows of a range of charge days to a FOCUS file; none is exit code 4 and no file.

    In CSV a text that a spreadsheet program would take for a formula begins with an apostrophe,
    which `skyclust cost import` takes away again.
    """
    if str(path) == "-":
        raise InvalidRequest("An export is a file.", hint="Give its path: costs.parquet.")
    from skyclust.costs.ledger.exporting import ExportFormat, ExportOptions, export_focus
    from skyclust.store.engine import open_store

    days = parse_range(start, end)
    options = ExportOptions(
        format=ExportFormat(file_format.value),
        focus_version=focus_version.value,
        start=days[0],
        end=days[1],
        where=parse_where(where),
        sources=tuple(source) if source else None,
        escape_formulas=not no_formula_escapes,
        replace=force,
    )
    with _progress() as progress:
        done = export_focus(open_store(), workspace, path, options, progress=progress)
    if as_json:
        show_record(
            {
                "path": str(path),
                "format": file_format.value,
                "focus_version": focus_version.value,
                "from": days[0].isoformat(),
                "to": days[1].isoformat(),
                "rows": done.rows,
                "billing_accounts": list(done.billing_accounts),
            },
            as_json=True,
        )
    say_gaps(read_coverage(workspace, days), days, where, source)
    say(
        f"{counted(done.rows, 'row', 'rows')} of"
        f" {counted(len(done.billing_accounts), 'billing account', 'billing accounts')},"
        f" {days[0]} until {days[1]} (exclusive), {'is' if done.rows == 1 else 'are'} in {path}.",
        style="green",
    )


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal, and nothing elsewhere."""
    from rich.progress import BarColumn, Progress, TextColumn

    from skyclust.cli.output import stderr

    console = stderr()
    with Progress(
        TextColumn("Exporting"),
        BarColumn(bar_width=20),
        TextColumn("{task.completed} of {task.total} days", markup=False),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
