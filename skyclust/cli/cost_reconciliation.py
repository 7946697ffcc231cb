"""`skyclust cost reconcile`: the ledger against the totals that its sources state."""

from __future__ import annotations

from typing import Any, Final

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
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """Compare the ledger with what its sources state; exit code 3 when something differs.

    Compares whole billing periods. Gross, credits and net stand apart, so that a bill that
    credits bring to zero shows as offset.
    """
    from skyclust.costs.reconciliation.ledger_sums import reconcile_workspaces
    from skyclust.costs.reconciliation.rows import comparison_row
    from skyclust.store.engine import open_store

    days = parse_range(start, end)
    report = reconcile_workspaces(open_store(), [workspace], *days)[workspace]
    rows = [comparison_row(one) for one in report.comparisons]
    show_list(
        [_for_people(row) for row in rows] if options.is_table else rows,
        COLUMNS,
        options,
        title="Reconciliation",
    )
    if report.partial:
        say("Some totals differ from what the source states, or were not collected.", style="red")
        raise typer.Exit(ExitCode.PARTIAL)


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    amounts = ("ours", "theirs", "difference", "gross", "credits", "net")
    shown = {name: money_text(row[name]) for name in amounts}
    return row | shown | {"percent": percent_text(row["percent"])}
