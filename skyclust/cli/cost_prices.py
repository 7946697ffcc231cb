"""`skyclust cost prices`: the list prices of the clouds, as they were read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from skyclust.cli.columns import list_columns
from skyclust.cli.exits import ExitCode
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Workspace
from skyclust.cli.output import say, show_list, show_record
from skyclust.cli.server import require_server
from skyclust.costs.money import exact_text

if TYPE_CHECKING:
    from skyclust.store.cached_prices import CachedPrice

app = typer.Typer(no_args_is_help=True)

COLUMNS: Final = list_columns(
    "provider",
    "region",
    "item",
    "price",
    "currency",
    "unit",
    "read_at",
    wide=("effective_from", "sku", "stale"),
)


@app.command()
def refresh(
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Also prices that were read within the last seven days.")
    ] = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Read the list prices of what the inventory has, from the price lists of the clouds.

    A price list that cannot be read leaves the earlier prices in use, and the command ends with 3,
    or with 1 if none could be read.
    """
    require_server()
    from skyclust.costs.prices.refreshing import due_prices, refresh_prices
    from skyclust.errors import SkyClustError
    from skyclust.orchestration.credentials import open_provider
    from skyclust.store.engine import open_store

    store = open_store()
    rows: list[dict[str, Any]] = []
    for due in due_prices(store, workspace, everything=every):
        row: dict[str, Any] = {"provider": due.provider, "read": 0, "missing": [], "error": None}
        try:
            brought = refresh_prices(
                store, workspace, due, lambda name: open_provider(store, workspace, name)
            )
            row["read"] = brought.read
            row["missing"] = [
                {"region": one.item.region, "item": str(one.item), "reason": one.reason}
                for one in brought.missing
            ]
        except SkyClustError as error:
            row["error"] = f"{type(error).__name__}: {error}"
        rows.append(row)
    if as_json:
        show_record({"providers": rows}, as_json=True)
    else:
        _say(rows)
    failed = sum(row["error"] is not None for row in rows)
    if failed:
        raise typer.Exit(ExitCode.FAILED if failed == len(rows) else ExitCode.PARTIAL)


@app.command("list")
@with_list_options(limit=100)
def list_all(*, options: ListOptions, workspace: Workspace = DEFAULT_WORKSPACE) -> None:
    """List the prices that were read, with the cloud's id of what is sold and their dates."""
    from skyclust.store import cached_prices, workspaces
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        workspaces.get(connection, workspace)
        cached = cached_prices.list_all(connection, workspace)
    now = datetime.now(UTC)
    rows = [_row(one, now, for_people=options.is_table) for one in cached]
    show_list(rows, COLUMNS, options, title="List prices")


def _say(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["error"]:
            say(f"{row['provider']}: not read. {row['error']}", style="red")
            continue
        say(f"{row['provider']}: {row['read']} prices were read.", style="green")
        for one in row["missing"]:
            say(f"  {one['region']} {one['item']}: no price, {one['reason']}", style="yellow")
    if not rows:
        say("No price is due: every price that the inventory needs is younger than seven days.")


def _row(cached: CachedPrice, now: datetime, *, for_people: bool) -> dict[str, Any]:
    from skyclust.costs.prices.lookup import FRESH_FOR

    price = cached.price
    return {
        "provider": cached.provider,
        "region": price.item.region,
        "item": str(price.item),
        "price": exact_text(price.amount) if for_people else price.amount,
        "currency": price.currency,
        "unit": price.unit.value,
        "read_at": price.read_at,
        "effective_from": price.effective_from,
        "sku": price.sku,
        "stale": now - price.read_at >= FRESH_FOR,
    }
