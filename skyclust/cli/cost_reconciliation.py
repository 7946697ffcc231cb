"""`skyclust cost reconcile`: the ledger against the totals that its sources state."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from skyclust.cli.columns import list_columns
from skyclust.cli.cost_options import From, To, parse_range
from skyclust.cli.exits import ExitCode
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, Workspace
from skyclust.cli.output import say, show_list
from skyclust.costs.money import money_text, percent_text

COLUMNS: Final = list_columns(
    "verdict",
    "billing_account",
    "period",
    "metric",
    "scope",
    "currency",
    "ours",
    "theirs",
    "difference",
    "percent",
    "days_claimed",
    "reason",
    wide=("source", "stated_by", "gross", "credits", "net", "rows", "invoice_id"),
)


@with_list_options()
def reconcile(
    *,
    start: From = None,
    end: To = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Show totals that cannot be compared beside others too.")
    ] = False,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """Compare the ledger with what its sources state; exit code 3 when something differs.

    Compares whole billing periods. Gross, credits and net stand apart, so that a bill that
    credits bring to zero shows as offset. Totals that cannot be compared, such as those of AWS by
    record type, are counted below the list where others of the same account and period can.
    """
    from skyclust.costs.reconciliation.ledger_sums import reconcile_workspaces
    from skyclust.costs.reconciliation.rows import comparison_row, in_order, telling
    from skyclust.store.engine import open_store

    days = parse_range(start, end)
    report = reconcile_workspaces(open_store(), [workspace], *days)[workspace]
    shown = in_order(report.comparisons) if show_all else telling(report.comparisons)
    rows = [comparison_row(one) for one in shown]
    show_list(
        [_for_people(row) for row in rows] if options.is_table else rows,
        COLUMNS,
        options,
        title="Reconciliation",
    )
    if left_out := len(report.comparisons) - len(shown):
        say(f"{left_out} totals that cannot be compared are left out; --all shows them.")
    if report.partial:
        say("Some totals differ from what the source states, or were not collected.", style="red")
        raise typer.Exit(ExitCode.PARTIAL)


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    amounts = ("ours", "theirs", "difference", "gross", "credits", "net")
    shown = {name: money_text(row[name]) for name in amounts}
    return row | shown | {"percent": percent_text(row["percent"])}
