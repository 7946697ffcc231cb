"""`skyclust cost deliveries|explain|retract|accounts`: what the ledger is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from skyclust.cli.columns import list_columns
from skyclust.cli.inputs import confirm
from skyclust.cli.inventory_filters import Cursor
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Workspace, Yes
from skyclust.cli.output import say, show_list, show_record
from skyclust.costs.counting import counted
from skyclust.errors import InvalidRequest

if TYPE_CHECKING:
    from skyclust.store.cost_deliveries import DeliveryRecord
    from skyclust.store.cost_heads import CostHead
    from skyclust.store.cost_slices import Slice
    from skyclust.store.engine import Store

DELIVERY_COLUMNS: Final = list_columns(
    "id",
    "state",
    "source",
    "billing_account",
    "period",
    "rows",
    "days_written",
    "days_withdrawn",
    "applied_at",
    wide=("complete_from", "complete_to", "produced_at", "focus_version", "run_id", "requested_by"),
)

_PART: Final = ("name", "size", "digest")

DeliveryId = Annotated[str, typer.Argument(metavar="ID", help="Its id, or how that begins.")]


@with_list_options(limit=100)
def deliveries(
    *,
    source: Annotated[
        str | None, typer.Option("--source", metavar="SOURCE", help="Of this source alone.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="ID", help="Of this billing account alone.")
    ] = None,
    cursor: Cursor = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """List the deliveries that were applied, the newest first."""
    from skyclust.costs.ledger.listing import list_deliveries
    from skyclust.store.engine import open_store

    options.refuse_cursor(cursor)
    page = list_deliveries(
        open_store(),
        workspace,
        source=source,
        billing_account_id=account,
        limit=options.query_limit,
        cursor=cursor,
    )
    show_list(
        [_row(record) for record in page.deliveries],
        DELIVERY_COLUMNS,
        options,
        title="Deliveries",
        next_cursor=page.next_cursor,
    )


def explain(
    delivery: DeliveryId,
    *,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Show what a delivery claimed, what it contained, and what it did to the ledger."""
    from skyclust.costs.ledger.listing import explain_delivery
    from skyclust.store.engine import open_store

    explained = explain_delivery(open_store(), workspace, delivery)
    record, days = _row(explained.delivery), [_day(one) for one in explained.slices]
    if as_json:
        show_record(record | {"days": days}, as_json=True)
        return
    show_record(record | {"days_current": len(explained.current)}, as_json=False)
    show_list(
        days,
        list_columns("day", "rows", "current", "superseded_at"),
        ListOptions(),
        title="Days that it wrote",
    )


def retract(
    delivery: DeliveryId,
    *,
    yes: Yes = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Undo a delivery: each of its days gets back the rows that an earlier delivery had."""
    from skyclust.costs.ledger.listing import find_delivery
    from skyclust.costs.ledger.retracting import retract_delivery
    from skyclust.orchestration.actor import current_actor
    from skyclust.store.engine import open_store

    store = open_store()
    record = find_delivery(store, workspace, delivery)
    confirm(f"Retract the delivery {record.delivery_id} of {record.key.source}?", yes=yes)
    done = retract_delivery(store, workspace, record.delivery_id, requested_by=current_actor())
    if as_json:
        show_record(
            {
                "delivery_id": done.delivery.delivery_id,
                "days_restored": [day.isoformat() for day in done.days_restored],
                "days_emptied": [day.isoformat() for day in done.days_emptied],
            },
            as_json=True,
        )
    say(
        f"Retracted: {counted(len(done.days_restored), 'day has its', 'days have their')} earlier"
        " rows again,"
        f" {counted(len(done.days_emptied), 'has none and is a gap', 'have none and are gaps')}.",
        style="green",
    )


@with_list_options()
def accounts(
    *,
    count: Annotated[
        str | None,
        typer.Option(
            "--count", metavar="ACCOUNT=SOURCE", help="Let this source count for the account."
        ),
    ] = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """List the billing accounts, their sources, and which of these count (no shadows)."""
    from skyclust.costs.ledger.ownership import set_authoritative
    from skyclust.orchestration.actor import current_actor
    from skyclust.store.engine import open_store

    store = open_store()
    if count:
        account, separator, source = count.partition("=")
        if not separator or not account or not source:
            raise InvalidRequest(f"--count: {count!r} is not ACCOUNT=SOURCE.")
        set_authoritative(store, workspace, account, source, requested_by=current_actor())
    show_list(
        _account_rows(store, workspace),
        list_columns("billing_account", "source", "provider", "counts", "periods", "newest"),
        options,
        title="Billing accounts",
    )


def _row(record: DeliveryRecord) -> dict[str, Any]:
    return {
        "id": record.delivery_id,
        "state": record.state,
        "source": record.source,
        "billing_account": record.billing_account_id,
        "period": record.period_start.isoformat()[:7],
        "rows": record.rows,
        "days_written": record.days_written,
        "days_unchanged": record.days_unchanged,
        "days_withdrawn": record.days_withdrawn,
        "applied_at": record.applied_at,
        "complete_from": record.complete_from.isoformat(),
        "complete_to": record.complete_to.isoformat(),
        "produced_at": record.produced_at,
        "focus_version": record.focus_version,
        "provisional": record.provisional,
        "run_id": record.run_id,
        "requested_by": record.requested_by,
        "retracted_at": record.retracted_at,
        "retracted_by": record.retracted_by,
        "sums": record.sums,
        "parts": [{name: part[name] for name in _PART} for part in record.parts],
        "remarks": list(record.remarks),
    }


def _day(one: Slice) -> dict[str, Any]:
    return {
        "day": one.charge_day.isoformat(),
        "rows": one.rows,
        "sums": one.sums,
        "current": one.superseded_at is None,
        "superseded_at": one.superseded_at,
        "superseded_by": one.superseded_by,
    }


def _account_rows(store: Store, workspace: str) -> list[dict[str, Any]]:
    """Return a row for each source of each billing account, and whether its rows count."""
    from skyclust.store import cost_accounts, cost_heads, workspaces

    with store.reading() as connection:
        workspaces.get(connection, workspace)
        owners = {
            one.billing_account_id: one.source
            for one in cost_accounts.list_all(connection, workspace)
        }
        heads = cost_heads.list_all(connection, workspace)
    grouped: dict[tuple[str, str], list[CostHead]] = {}
    for head in heads:
        grouped.setdefault((head.key.billing_account_id, head.key.source), []).append(head)
    return [
        {
            "billing_account": account,
            "source": source,
            "provider": mine[0].provider,
            "counts": owners.get(account) == source,
            "periods": len(mine),
            "newest": max(head.key.period_start for head in mine).isoformat()[:7],
        }
        for (account, source), mine in sorted(grouped.items())
    ]
