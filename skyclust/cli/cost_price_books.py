"""`skyclust cost price-book`: the prices of private clouds."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from skyclust.cli.columns import list_columns
from skyclust.cli.cost_options import parse_day
from skyclust.cli.inputs import confirm, parse_decimal, read_text
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Workspace, Yes
from skyclust.cli.output import say, show_list, show_record, show_text
from skyclust.costs.money import money_text
from skyclust.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from skyclust.store.price_books import PriceBookRecord

app = typer.Typer(no_args_is_help=True)

COLUMNS: Final = list_columns(
    "name", "version", "currency", "covers", "prices", "saved_at", "saved_by", wide=("digest",)
)
VERSION_COLUMNS: Final = list_columns(
    "version", "saved_at", "saved_by", "removed_at", wide=("digest",)
)

Name = Annotated[str, typer.Argument(help="Name of the price book.")]


@app.command()
def save(
    path: Annotated[Path, typer.Argument(help="The price book, a YAML file.")],
    *,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Save a price book: its next version, unless the file is the one that holds."""
    from skyclust.costs.price_books.saving import save_price_book
    from skyclust.orchestration.actor import current_actor
    from skyclust.store.engine import open_store

    text = read_text(path, "FILE") or ""
    saved, new = save_price_book(open_store(), workspace, text, saved_by=current_actor())
    if as_json:
        record = {"name": saved.book.name, "version": saved.version, "new": new}
        show_record(record, as_json=True)
    elif new:
        say(f"Saved as {saved.label}. The next collection prices by it.", style="green")
    else:
        say(f"{saved.label} has this text already.")


@app.command("list")
@with_list_options()
def list_all(*, options: ListOptions, workspace: Workspace = DEFAULT_WORKSPACE) -> None:
    """List the price books that hold."""
    from skyclust.costs.price_books.book import read_price_book
    from skyclust.store import price_books, workspaces
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        workspaces.get(connection, workspace)
        found = price_books.list_all(connection, workspace)
    rows: list[dict[str, Any]] = []
    for record in found:
        book = read_price_book(record.content)
        covers = [*book.covers.providers, *book.covers.credentials, *book.covers.regions]
        more = {"currency": book.currency, "covers": covers, "prices": len(book.prices)}
        rows.append(_row(record) | more)
    show_list(rows, COLUMNS, options, title="Price books")


@app.command()
def show(
    name: Name,
    *,
    version: Annotated[
        int | None, typer.Option("--version", metavar="N", help="Default: the one that holds.")
    ] = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Print a price book as it was saved."""
    from skyclust.store import price_books
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        record = price_books.get(connection, workspace, name, version)
    if as_json:
        show_record(_row(record) | {"content": record.content}, as_json=True)
    else:
        show_text(record.content)


@app.command()
@with_list_options()
def history(name: Name, *, options: ListOptions, workspace: Workspace = DEFAULT_WORKSPACE) -> None:
    """List the versions of a price book, the newest first."""
    from skyclust.store import price_books
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        found = price_books.history(connection, workspace, name)
    if not found:
        raise NotFound(
            f"There is no price book {name!r} in workspace {workspace!r}.",
            hint="`skyclust cost price-book list` has the price books.",
        )
    rows = [_row(record) for record in found]
    show_list(rows, VERSION_COLUMNS, options, title=f"Versions of {name}")


@app.command()
def remove(name: Name, *, yes: Yes = False, workspace: Workspace = DEFAULT_WORKSPACE) -> None:
    """Remove a price book: nothing more is priced by it; what it has priced stays."""
    from skyclust.orchestration.actor import current_actor
    from skyclust.store import price_books
    from skyclust.store.engine import open_store

    confirm(f"Remove the price book {name}?", yes=yes)
    actor = current_actor()
    open_store().write(
        lambda connection: price_books.remove(connection, workspace, name, removed_by=actor)
    )
    say(f"Price book {name} is removed; `price-book history` has its versions.", style="green")


@app.command()
def quote(
    name: Name,
    *,
    type_name: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="An instance type: m1.small.")
    ] = None,
    cores: Annotated[str | None, typer.Option("--cores", metavar="N", help="With memory.")] = None,
    memory_gib: Annotated[
        str | None, typer.Option("--memory-gib", metavar="GIB", help="With cores.")
    ] = None,
    disk_gib: Annotated[
        list[str] | None,
        typer.Option("--disk-gib", metavar="CLASS=GIB", help="A disk. May be repeated."),
    ] = None,
    day: Annotated[
        str | None, typer.Option("--on", metavar="DAY", help="By the prices of this day.")
    ] = None,
    version: Annotated[
        int | None, typer.Option("--version", metavar="N", help="Default: the one that holds.")
    ] = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Show what a running instance costs an hour and a month of 730 hours, without licences."""
    from skyclust.costs.price_books.quotes import QuotedInstance, quote
    from skyclust.costs.price_books.saving import load_price_book
    from skyclust.store.engine import open_store

    if bool(cores) != bool(memory_gib) or not (type_name or cores):
        raise InvalidRequest("Name a --type, or --cores with --memory-gib, or all three.")
    spec = QuotedInstance(
        type=type_name,
        cores=parse_decimal(cores, "--cores") if cores else None,
        memory_gib=parse_decimal(memory_gib, "--memory-gib") if memory_gib else None,
        disks_gib=tuple(_disk(text) for text in disk_gib or ()),
    )
    on = parse_day(day, "--on") if day else datetime.now(UTC).date()
    held = load_price_book(open_store(), workspace, name, version)
    found = quote(held.book, spec, on)
    if found is None:
        raise NotFound(
            f"{held.label} has no price on {on} for a part of this instance.",
            hint=f"`skyclust cost price-book show {name}` has its prices and sizes of types.",
        )
    row = {"hourly": found.hourly, "monthly": found.monthly, "currency": found.currency}
    if as_json:
        show_record({"price_book": held.label, "day": on.isoformat(), **row}, as_json=True)
        return
    say(f"By {held.label}, on {on}:")
    people = {"hour": f"{found.hourly.normalize():f} {found.currency}"}
    people["month"] = money_text(found.monthly, found.currency)
    show_record(people, as_json=False)


def _disk(text: str) -> tuple[str, Decimal]:
    storage_class, separator, gib = text.rpartition("=")
    if not separator or not storage_class:
        raise InvalidRequest(f"--disk-gib: {text!r} is not CLASS=GIB, such as ssd=100.")
    return storage_class, parse_decimal(gib, "--disk-gib")


def _row(record: PriceBookRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "version": record.version,
        "saved_at": record.saved_at,
        "saved_by": record.saved_by,
        "removed_at": record.removed_at,
        "digest": record.digest,
    }
