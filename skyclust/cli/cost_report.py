"""`skyclust cost report`: the costs of a range of days on one page."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from skyclust.cli.cost_options import parse_day
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Workspace
from skyclust.cli.output import say, show_record
from skyclust.errors import InvalidRequest

STDOUT = Path("-")


def report(
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write it; - is standard output. Default: skyclust-costs-WORKSPACE.html"
            " in this folder. An earlier report is replaced.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="First charge day. Default: 30 days before."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Exclusive. Default: today.")
    ] = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Write the cost report as one HTML file: trend and forecast, breakdowns, movers, budgets.

    It loads nothing from elsewhere, and only its owner may read it. --json prints its data.
    """
    from skyclust.costs.report.content import report_page
    from skyclust.costs.report.gathering import gather_report, report_range
    from skyclust.costs.report.html_page import html_page
    from skyclust.costs.report.record import report_record
    from skyclust.store.engine import open_store

    today = datetime.now(UTC).date()
    days = report_range(
        parse_day(start, "--from") if start else None,
        parse_day(end, "--to") if end else None,
        today,
    )
    if days[0] >= days[1]:
        raise InvalidRequest(
            f"--from {days[0]} and --to {days[1]} leave no day: --to is the day after the last one."
        )
    data = gather_report(open_store(), workspace, *days, today=today)
    if as_json:
        show_record(report_record(data), as_json=True)
        return
    page = html_page(report_page(data))
    if output == STDOUT:
        sys.stdout.buffer.write(page.encode())
        return
    target = output or Path(f"skyclust-costs-{workspace}.html")
    _write(target, page)
    for gap in data.gaps:
        say(gap, style="yellow")
    say(f"The report of {days[0]} until {days[1]} (exclusive) is in {target}.", style="green")


def _write(target: Path, page: str) -> None:
    """Write the page, whole or not at all. Raises InvalidRequest where it cannot be written."""
    from skyclust.file_modes import replace_private

    try:
        replace_private(target, page)
    except OSError as error:
        raise InvalidRequest(
            f"{target} cannot be written: {error.strerror or error}.", hint="Give another --output."
        ) from error
