"""`skyclust cost budget`: what a month may cost, and what happens when it costs more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from skyclust.cli.budget_options import filters_of, threshold_of
from skyclust.cli.columns import list_columns
from skyclust.cli.cost_options import Metric, Where, parse_day
from skyclust.cli.flow_runs import run_flow
from skyclust.cli.inputs import confirm, parse_decimal
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, NoWait, Workspace, Yes
from skyclust.cli.output import say, show_list, show_record
from skyclust.cli.requests import checked
from skyclust.cli.run_outcome import finish
from skyclust.cli.run_tables import BUDGETS
from skyclust.costs.money import money_text, percent_text
from skyclust.errors import SkyClustError
from skyclust.model.cost_metric import CostMetric

if TYPE_CHECKING:
    from skyclust.costs.budgets.assessment import BudgetStatus
    from skyclust.model.budget import Budget

app = typer.Typer(no_args_is_help=True)

COLUMNS: Final = list_columns(
    "name",
    "amount",
    "currency",
    "month",
    "actual",
    "used_percent",
    "forecast",
    "forecast_percent",
    "reached",
    wide=("metric", "filters", "thresholds", "remarks", "forecast_reason"),
)
ALERT_COLUMNS: Final = list_columns(
    "fired_at",
    "budget",
    "month",
    "kind",
    "percent",
    "amount",
    "budget_amount",
    "currency",
    wide=("run_id",),
)

Name = Annotated[str, typer.Argument(help="Name of the budget.")]


@app.command("set")
def set_budget(
    name: Name,
    *,
    amount: Annotated[str, typer.Option("--amount", metavar="AMOUNT", help="For a month.")],
    currency: Annotated[str, typer.Option("--currency", metavar="CODE", help="ISO 4217: EUR.")],
    metric: Metric = CostMetric.EFFECTIVE,
    where: Where = None,
    actual: Annotated[
        list[str] | None,
        typer.Option("--actual", metavar="PERCENT", help="Alert when the cost reaches this share."),
    ] = None,
    forecast: Annotated[
        list[str] | None,
        typer.Option("--forecast", metavar="PERCENT", help="... when the forecast reaches it."),
    ] = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Add a budget for each calendar month (UTC), or replace the one of this name.

    Without --actual and --forecast it alerts at 80 and 100 % of the cost, and when the forecast
    reaches 100 %. Each alerts once a month; with another amount it alerts anew.
    """
    from skyclust.costs.budgets.definitions import set_budget as save
    from skyclust.model.budget import Budget
    from skyclust.orchestration.actor import current_actor
    from skyclust.store.engine import open_store

    thresholds = [
        threshold_of(kind, percent)
        for kind, percents in (("actual", actual), ("forecast", forecast))
        for percent in percents or ()
    ]
    budget = checked(
        Budget,
        name=name,
        amount=parse_decimal(amount, "--amount"),
        currency=currency.upper(),
        metric=metric,
        filters=filters_of(where),
        **({"thresholds": thresholds} if thresholds else {}),
    )
    new = save(open_store(), workspace, budget, set_by=current_actor())
    if as_json:
        show_record({**_definition(budget), "new": new}, as_json=True)
    else:
        say(f"Budget {name} is {'set' if new else 'changed'}: {_words(budget)}.", style="green")
    _warn_without_rate(workspace, budget)


@app.command("list")
@with_list_options()
def list_all(*, options: ListOptions, workspace: Workspace = DEFAULT_WORKSPACE) -> None:
    """List the budgets with what the month costs so far, and its forecast."""
    from skyclust.store import budgets, workspaces
    from skyclust.store.engine import open_store

    store = open_store()
    with store.reading() as connection:
        workspaces.get(connection, workspace)
        found = budgets.list_all(connection, workspace)
    rows = [_status_row(workspace, budget) for budget in found]
    show_list(
        [_for_people(row) for row in rows] if options.is_table else rows,
        COLUMNS,
        options,
        title="Budgets",
    )
    for row in rows if options.is_table else ():
        for remark in row["remarks"]:
            say(f"{row['name']}: {remark}", style="yellow")


@app.command()
def show(name: Name, *, workspace: Workspace = DEFAULT_WORKSPACE, as_json: AsJson = False) -> None:
    """Show a budget: what the month costs, its forecast, and which thresholds that reaches."""
    from skyclust.store import budgets
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        budget = budgets.get(connection, workspace, name)
    row = _status_row(workspace, budget)
    show_record(row if as_json else _for_people(row), as_json=as_json)


@app.command()
def remove(name: Name, *, yes: Yes = False, workspace: Workspace = DEFAULT_WORKSPACE) -> None:
    """Remove a budget and its alerts; the audit trail keeps both."""
    from skyclust.costs.budgets.definitions import remove_budget
    from skyclust.orchestration.actor import current_actor
    from skyclust.store.engine import open_store

    confirm(f"Remove the budget {name} with its alerts?", yes=yes)
    remove_budget(open_store(), workspace, name, removed_by=current_actor())
    say(f"Budget {name} is removed.", style="green")


@app.command()
def check(
    *,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Check the budgets now, and fire alerts; exit code 3 when something could not be counted."""
    from skyclust.model.cost_request import CheckBudgetsRequest

    request = checked(CheckBudgetsRequest, workspace=workspace)
    outcome = run_flow("check-budgets", request, local=local, no_wait=no_wait, as_json=as_json)
    finish(outcome, as_json=as_json, tables=BUDGETS)


@app.command()
@with_list_options()
def alerts(
    *,
    month: Annotated[
        str | None, typer.Option("--month", metavar="MONTH", help="Of this month alone: 2026-01.")
    ] = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """List the alerts that fired, the newest first."""
    from skyclust.store import budgets, workspaces
    from skyclust.store.engine import open_store

    first = parse_day(month, "--month").replace(day=1) if month else None
    with open_store().reading() as connection:
        workspaces.get(connection, workspace)
        found = budgets.alerts(connection, workspace, month=first)
    rows: list[dict[str, Any]] = [
        {
            "fired_at": one.fired_at,
            "budget": one.budget,
            "month": f"{one.month:%Y-%m}",
            "kind": one.threshold.kind.value,
            "percent": _plain(one.threshold.percent),
            "amount": one.amount,
            "budget_amount": one.budget_amount,
            "currency": one.currency,
            "run_id": one.run_id,
        }
        for one in found
    ]
    shown = [_for_people(row) for row in rows] if options.is_table else rows
    show_list(shown, ALERT_COLUMNS, options, title="Budget alerts")


def _warn_without_rate(workspace: str, budget: Budget) -> None:
    """Name the currencies of a budget's costs that it cannot count."""
    from skyclust.costs.budgets.uncounted import currencies_without_rate
    from skyclust.store.engine import open_store

    today = datetime.now(UTC).date()
    try:
        left = currencies_without_rate(open_store(), workspace, budget, today)
    except SkyClustError as error:
        # The budget is set: that its costs cannot be read now does not change that.
        say(f"The currencies of its costs are not known: {error.message}", style="yellow")
        return
    if left:
        say(
            f"Budget {budget.name} does not count costs in {', '.join(left)}: there is no rate to"
            f" {budget.currency}. `skyclust cost rates import` adds rates.",
            style="yellow",
        )


def _status_row(workspace: str, budget: Budget) -> dict[str, Any]:
    from skyclust.costs.budgets.checking import budget_status, remarks_of
    from skyclust.store.engine import open_store

    status: BudgetStatus = budget_status(open_store(), workspace, budget, datetime.now(UTC).date())
    return {
        **_definition(budget),
        "month": f"{status.cost.month:%Y-%m}",
        "actual": status.cost.actual,
        "used_percent": status.used_percent,
        "forecast": status.cost.forecast,
        "forecast_percent": status.forecast_percent,
        "forecast_reason": status.cost.forecast_reason,
        "reached": [str(one) for one in status.reached],
        "remarks": list(remarks_of(status)),
    }


def _definition(budget: Budget) -> dict[str, Any]:
    return {
        "name": budget.name,
        "amount": budget.amount,
        "currency": budget.currency,
        "metric": budget.metric.value,
        "filters": {name: list(values) for name, values in budget.filters.items()},
        "thresholds": [str(one) for one in budget.thresholds],
    }


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    amounts = ("amount", "actual", "forecast", "budget_amount")
    percents = ("used_percent", "forecast_percent", "percent")
    return (
        row
        | {name: money_text(row[name]) for name in amounts if name in row}
        | {name: percent_text(row[name]) for name in percents if name in row}
    )


def _words(budget: Budget) -> str:
    what: Sequence[str] = [
        f"{name} {' or '.join(values)}" for name, values in budget.filters.items()
    ]
    of = f" for {', '.join(what)}" if what else ""
    thresholds = ", ".join(str(one) for one in budget.thresholds)
    return f"{money_text(budget.amount, budget.currency)} a month{of}, alerts at {thresholds}"


def _plain(percent: Decimal) -> Decimal:
    return Decimal(f"{percent.normalize():f}")
