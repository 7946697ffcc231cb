"""`skyclust cost rates`: the dated rates by which costs are converted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from skyclust.cli.columns import list_columns
from skyclust.cli.cost_options import checked_currency, parse_day
from skyclust.cli.inputs import read_text
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Workspace
from skyclust.cli.output import say, show_list, show_record
from skyclust.costs.counting import counted
from skyclust.costs.money import exact_text

app = typer.Typer(no_args_is_help=True)

COLUMNS: Final = list_columns("currency", "to_currency", "valid_from", "rate", wide=("origin",))

Currencies = Annotated[
    list[str] | None,
    typer.Option("--currency", metavar="CODE", help="Only this one: USD. May be repeated."),
]


@app.command("import")
def import_file(
    path: Annotated[Path, typer.Argument(help="A CSV file with rates.")],
    *,
    currency: Currencies = None,
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="Only from then on. Default: the year before."),
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option("--origin", metavar="TEXT", help="Where they are from. Default: the file."),
    ] = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Import dated rates: the European Central Bank's eurofxref-hist.csv, or one rate a line.

    Such lines have the columns date, currency, to_currency and rate, and origin if they like: from
    the date on one unit of currency is so many of to_currency. A rate of a closed month stays as it
    is: another one is refused, and then nothing is imported. Two different rates of one day refuse
    the whole file.
    """
    from skyclust.costs.rates.reading import read_rates
    from skyclust.costs.rates.recording import record_rates
    from skyclust.orchestration.actor import current_actor
    from skyclust.store.engine import open_store

    today = datetime.now(UTC).date()
    first = parse_day(since, "--from") if since else date(today.year - 1, 1, 1)
    wanted = frozenset(map(checked_currency, currency or ()))
    text = read_text(path, "FILE") or ""
    rates = read_rates(text, origin=origin or path.name, currencies=wanted, since=first)
    written = record_rates(open_store(), workspace, rates, today=today, recorded_by=current_actor())
    if as_json:
        show_record({"read": len(rates), "written": written}, as_json=True)
        return
    read = counted(len(rates), "rate", "rates")
    verb = "was" if len(rates) == 1 else "were"
    say(f"{read} from {first} on {verb} read, {counted(written, 'is', 'are')} new or changed.")


@app.command("list")
@with_list_options(limit=100)
def list_all(
    *,
    currency: Currencies = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """List the rates, the newest first."""
    from skyclust.store import currency_rates, workspaces
    from skyclust.store.engine import open_store

    wanted = set(map(checked_currency, currency or ()))
    with open_store().reading() as connection:
        workspaces.get(connection, workspace)
        found = currency_rates.list_all(connection, workspace)
    rows: list[dict[str, Any]] = [
        {**vars(one), "valid_from": one.valid_from.isoformat()}
        for one in sorted(found, key=lambda one: one.valid_from, reverse=True)
        if not wanted or wanted & {one.currency, one.to_currency}
    ]
    shown = [row | {"rate": exact_text(row["rate"])} for row in rows] if options.is_table else rows
    show_list(shown, COLUMNS, options, title="Rates")
