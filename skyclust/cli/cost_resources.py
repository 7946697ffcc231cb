"""`skyclust cost resources`: ledger and inventory, compared resource by resource."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from skyclust.cli.columns import list_columns
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, Workspace
from skyclust.cli.output import say, show_list
from skyclust.costs.reconciliation.mismatches import Mismatch

COLUMNS: Final = list_columns(
    "mismatch",
    "provider",
    "account",
    "kind",
    "id",
    "name",
    "amount",
    "currency",
    "detail",
    wide=("credential", "region"),
)

Mismatches = Annotated[
    list[Mismatch] | None,
    typer.Option("--only", help="Those that disagree in this way. May be repeated."),
]


@with_list_options(limit=100)
def resources(
    *,
    only: Mismatches = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """List what is paid for and not there, there and not paid for, and what nobody owns.

    Amounts are the effective cost of the account's three newest days. What was not assessed,
    because a scope is not fresh or the days of an account are gaps, is counted below the list.
    """
    from skyclust.costs.money import money_text
    from skyclust.costs.reconciliation.resource_reading import read_resource_report
    from skyclust.store.engine import open_store

    report = read_resource_report(open_store(), workspace)
    rows = [
        vars(one)
        | {
            "mismatch": one.mismatch.value,
            "amount": money_text(one.amount) if options.is_table and one.currency else one.amount,
        }
        for one in report.mismatches
        if not only or one.mismatch in only
    ]
    show_list(rows, COLUMNS, options, title="Resources of the ledger and of the inventory")
    for (way, reason), number in report.not_assessed.items():
        if not only or way in only:
            say(f"Not assessed for {way.value}: {number}, because {reason}.", style="yellow")
