"""`skyclust cost forecast|anomalies`: what the month will cost, and which days stood out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from skyclust.cli.columns import list_columns
from skyclust.cli.cost_frames import read_costs, read_coverage, say_gaps, show_costs
from skyclust.cli.cost_options import Metric, Where, checked_dimension, parse_day, parse_where
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, Workspace
from skyclust.costs.counting import counted
from skyclust.errors import InvalidRequest
from skyclust.model.cost_metric import CostMetric

if TYPE_CHECKING:
    from skyclust.costs.anomalies.anomaly import Anomaly
    from skyclust.costs.forecast.outlook import Outlook

RECENT_DAYS: Final = 30
ANOMALIES_BY: Final = {
    "service": "service",
    "account": "billing_account",
    "billing_account": "billing_account",
}


@with_list_options(limit=20)
def forecast(
    *,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="DIMENSION", help="A forecast for each value: service, ..."),
    ] = None,
    where: Where = None,
    metric: Metric = CostMetric.EFFECTIVE,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """Forecast what this month will cost, with the range that it has with 80 % probability.

    `so far` is what is known of the month; days that still fill up count with their forecast if
    that is more. `days` draws the last 30 days and, after a bar, those to come.
    """
    from skyclust.costs.forecast.ledger_series import daily_series, history_start
    from skyclust.costs.forecast.outlook import outlook
    from skyclust.costs.ledger.known_days import known_days

    dimensions = [checked_dimension(by, "--by")] if by else []
    if {"day", "month"} & set(dimensions):
        raise InvalidRequest(f"--by {by}: a forecast is of days already.", hint="Try --by service.")
    today = datetime.now(UTC).date()
    days = history_start(today), today + timedelta(days=1)
    keys = list(dict.fromkeys(["day", "charge_category", *dimensions]))
    frame = read_costs(workspace, days, keys, where, None)
    accounts = read_coverage(workspace, days)
    known = known_days(accounts, *days, parse_where(where))
    found = [
        outlook(one, today, recent_days=RECENT_DAYS)
        for one in daily_series(frame, known, days[1], dimensions, metric=metric)
    ]
    found.sort(key=lambda one: (one.month.currency, -(one.month.expected or one.month.actual)))
    show_costs(
        [_outlook_row(one, dimensions, for_people=options.is_table) for one in found],
        list_columns(
            *dimensions, "currency", "so_far", "forecast", "lower", "upper", "days", "note",
            wide=("model", "reason"),
        ),
        options,
        title=f"Forecast of {today:%Y-%m}",
    )  # fmt: skip
    say_gaps(accounts, (today.replace(day=1), today + timedelta(days=1)), where)


@with_list_options(limit=20)
def anomalies(
    *,
    by: Annotated[
        str, typer.Option("--by", metavar="DIMENSION", help="Days of each service, or account.")
    ] = "service",
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="First charge day. Default: 30 days before."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Exclusive. Default: today.")
    ] = None,
    where: Where = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """Show days that cost far more or less than usual for their weekday, and the likely cause.

    Looks at the effective cost of usage. Days that still fill up are not judged.
    """
    from skyclust.costs.anomalies.ledger_search import anomalies_by, search_start
    from skyclust.costs.ledger.cost_query import CostQuery
    from skyclust.costs.ledger.known_days import known_days
    from skyclust.costs.ledger.queries import query_costs
    from skyclust.costs.report.gathering import report_range
    from skyclust.store.engine import open_store

    dimension = ANOMALIES_BY.get(by.strip().lower().replace("-", "_"))
    if dimension is None:
        raise InvalidRequest(f"--by: {by!r} is neither service nor account.")
    today = datetime.now(UTC).date()
    first, last = report_range(
        parse_day(start, "--from") if start else None,
        min(parse_day(end, "--to"), today) if end else None,
        today,
    )
    if first >= last:
        raise InvalidRequest(f"--from {first} and --to {last} leave no day before today.")
    store, days = open_store(), (min(first, search_start(last)), last)
    filters = parse_where(where)

    def query(question: CostQuery) -> Any:
        return query_costs(store, [workspace], _with(question, filters))

    frame = query(CostQuery(*days, by=("day", "charge_category", dimension)))
    accounts = read_coverage(workspace, days)
    known = known_days(accounts, *days, filters)
    found = anomalies_by(query, frame, known, first, last, dimension=dimension)
    shown = "account" if dimension == "billing_account" else dimension
    show_costs(
        [_anomaly_row(one, shown, for_people=options.is_table) for one in found],
        list_columns(
            shown, "currency", "days", "expected", "actual", "impact", "severity", "likely_cause",
            wide=("id", "z"),
        ),
        options,
        title=f"Anomalies from {first} until {last} (exclusive)",
    )  # fmt: skip
    say_gaps(accounts, (first, last), where)


def _with(question: Any, filters: Mapping[str, Any]) -> Any:
    from dataclasses import replace

    return replace(question, where={**filters, **question.where})


def _outlook_row(one: Outlook, dimensions: Sequence[str], *, for_people: bool) -> dict[str, Any]:
    month = one.month
    row: dict[str, Any] = {name: one.series.dimensions.get(name) for name in dimensions}
    row |= {
        "currency": month.currency,
        "so_far": month.actual,
        "forecast": month.expected,
        "lower": month.lower,
        "upper": month.upper,
        "model": month.model,
        "reason": month.reason,
        "missing_days": month.missing_days,
    }
    if for_people:
        from skyclust.costs.report.sparkline import sparkline

        drawn = sparkline([*one.recent, *(day.cost for day in one.days)], width=62)
        row["days"] = f"{drawn[: len(one.recent)]}|{drawn[len(one.recent) :]}"
        days = counted(month.missing_days, "day is", "days are")
        missing = f"{days} not known" if month.missing_days else ""
        row["note"] = month.reason if month.expected is None else missing
        return row
    row["days"] = [
        {"day": day.day.isoformat(), "forecast": day.cost, "lower": day.lower, "upper": day.upper}
        for day in one.days
    ]
    return row


def _anomaly_row(one: Anomaly, dimension: str, *, for_people: bool) -> dict[str, Any]:
    from skyclust.costs.anomalies.rows import anomaly_row

    row = anomaly_row(one, dimension)
    if for_people:
        from skyclust.costs.report.anomaly_table import cause_text, days_text, severity_text

        return row | {
            "days": days_text(one),
            "severity": severity_text(one),
            "likely_cause": cause_text(one.causes),
        }
    return row
