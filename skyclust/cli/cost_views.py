"""`skyclust cost summary|breakdown|trend|compare`: the ledger, looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from skyclust.cli.columns import list_columns
from skyclust.cli.cost_conversion import Currency, chosen_currency, read_converted
from skyclust.cli.cost_frames import (
    days_by_currency,
    not_counted,
    read_coverage,
    say_gaps,
    show_costs,
)
from skyclust.cli.cost_options import (
    From,
    Metric,
    Sources,
    To,
    Where,
    checked_dimension,
    parse_day,
    parse_range,
)
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, Workspace
from skyclust.cli.output import say
from skyclust.costs.money import UNKNOWN, change_text
from skyclust.errors import InvalidRequest
from skyclust.model.cost_metric import CostMetric

if TYPE_CHECKING:
    from skyclust.costs.analysis.trend import Grain, TrendPoint

MOST_DIMENSIONS: Final = 2


@with_list_options()
def summary(
    *,
    start: From = None,
    end: To = None,
    where: Where = None,
    source: Sources = None,
    currency: Currency = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """Show what was billed, credited and taxed in a range of days, by currency."""
    from skyclust.costs.analysis.summary import summarize

    days = parse_range(start, end)
    rows = summarize(
        read_converted(
            workspace,
            days,
            ["charge_category", "provider"],
            where,
            sources=source,
            currency=currency,
        )
    )
    accounts = read_coverage(workspace, days)
    missing = not_counted(accounts, days, where, source)
    names = ("currency", "gross", "credits", "net", "tax", "effective_cost", "list_cost", "savings")
    show_costs(
        [
            {name: getattr(row, name) for name in (*names, "rows")}
            | {"list_cost_lacks": list(row.list_cost_lacks), "not_counted": missing}
            for row in rows
        ],
        list_columns(*names, wide=("rows",)),
        options,
        title=f"Costs from {days[0]} until {days[1]} (exclusive)",
    )
    for remark in filter(None, (row.remark for row in rows)):
        say(remark)
    say_gaps(accounts, days, where, source)


@with_list_options(limit=20)
def breakdown(
    *,
    by: Annotated[
        list[str],
        typer.Option(
            "--by",
            metavar="DIMENSION",
            help="provider, billing_account, sub_account, service, region, resource_kind,"
            " resource, charge_category, tag:KEY, ...; once or twice.",
        ),
    ],
    start: From = None,
    end: To = None,
    where: Where = None,
    metric: Metric = CostMetric.EFFECTIVE,
    source: Sources = None,
    currency: Currency = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """Show the costs by one dimension or two, the largest first.

    A table ends with one row for all the groups that --limit leaves out.
    """
    from skyclust.costs.analysis.breakdown import break_down

    days, dimensions = parse_range(start, end), _dimensions(by)
    frame = read_converted(workspace, days, dimensions, where, sources=source, currency=currency)
    most = options.limit if options.is_table and not options.sort else None
    accounts = read_coverage(workspace, days)
    missing = not_counted(accounts, days, where, source)
    rows = [
        _group(dimensions, row.values, others=row.others)
        | {
            "currency": row.currency,
            metric.value: row.amount,
            "share": row.share,
            "billed_cost": row.billed_cost,
            "effective_cost": row.effective_cost,
            "list_cost": row.list_cost,
            "savings": row.savings,
            "rows": row.rows,
            "not_counted": missing,
        }
        for row in break_down(frame, dimensions, metric=metric, most=most)
    ]
    shown = ListOptions(**{**vars(options), "limit": None}) if most else options
    show_costs(
        rows,
        list_columns(
            *dimensions, "currency", metric.value, "share", "savings", wide=("list_cost", "rows")
        ),
        shown,
        title=f"Costs by {' and '.join(dimensions)} from {days[0]} until {days[1]} (exclusive)",
    )
    say_gaps(accounts, days, where, source)


@with_list_options()
def trend(
    *,
    start: From = None,
    end: To = None,
    where: Where = None,
    monthly: Annotated[bool, typer.Option("--monthly", help="A row a month, not a day.")] = False,
    time_zone: Annotated[
        str, typer.Option("--time-zone", metavar="ZONE", help="Where days begin: Europe/Berlin.")
    ] = "UTC",
    metric: Metric = CostMetric.EFFECTIVE,
    source: Sources = None,
    currency: Currency = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """Show the cost of each day or month, with a line that draws it.

    A day that no delivery covers has an unknown cost, and not zero. One that some accounts of the
    currency have not delivered is partial, and the line has a gap there.
    """
    from skyclust.costs.analysis.trend import Grain, trend
    from skyclust.costs.report.sparkline import sparkline

    days, grain = parse_range(start, end), Grain.MONTH if monthly else Grain.DAY
    frame = read_converted(
        workspace,
        days,
        [grain.value],
        where,
        sources=source,
        currency=currency,
        time_zone=time_zone,
    )
    accounts = read_coverage(workspace, days, time_zone=time_zone)
    missing = not_counted(accounts, days, where, source)
    known = days_by_currency(
        accounts,
        days,
        where,
        sources=source,
        into=chosen_currency(workspace, currency),
        time_zone=time_zone,
    )
    points = trend(frame, *days, grain, metric=metric, days=known)
    for each in sorted({point.currency for point in points}):
        amounts = [point.whole_amount for point in points if point.currency == each]
        if options.is_table:
            say(f"{each} {sparkline(amounts)}")
    show_costs(
        [
            _point(point, grain, metric, for_people=options.is_table) | {"not_counted": missing}
            for point in points
        ],
        list_columns(grain.value, "currency", metric.value, "known", "provisional"),
        options,
        title=f"Cost by {grain.value} from {days[0]} until {days[1]} (exclusive)",
    )
    say_gaps(accounts, days, where, source)


@with_list_options(limit=20)
def compare(
    *,
    by: Annotated[
        list[str], typer.Option("--by", metavar="DIMENSION", help="As in `breakdown`.")
    ] = ["service"],  # noqa: B006  # Typer copies it
    start: From = None,
    end: To = None,
    before_start: Annotated[
        str | None,
        typer.Option(
            "--before-from",
            metavar="DAY",
            help="Default: as many days (or whole months) before --from.",
        ),
    ] = None,
    before_end: Annotated[
        str | None, typer.Option("--before-to", metavar="DAY", help="Default: --from.")
    ] = None,
    where: Where = None,
    metric: Metric = CostMetric.EFFECTIVE,
    currency: Currency = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """Compare two ranges of days: what grew, shrank, is new or ended, the largest change first.

    The first of a month has tax and monthly fees: compare the same days of two months by
    --before-from and --before-to.
    """
    from skyclust.costs.analysis.comparison import compare, range_before

    days, dimensions = parse_range(start, end), _dimensions(by)
    before = range_before(*days)
    if before_start or before_end:
        before = (
            parse_day(before_start, "--before-from") if before_start else before[0],
            parse_day(before_end, "--before-to") if before_end else before[1],
        )
        if before[0] >= before[1]:
            raise InvalidRequest("--before-from and --before-to leave no day.")
    earlier, later = (
        read_converted(workspace, each, dimensions, where, currency=currency)
        for each in (before, days)
    )
    rows = compare(earlier, later, dimensions, metric=metric)
    show_costs(
        [
            _group(dimensions, row.values)
            | {
                "currency": row.currency,
                "before": row.before,
                "after": row.after,
                "change": change_text(row.change) if options.is_table else row.change,
                "percent": row.percent,
            }
            for row in rows
        ],
        list_columns(*dimensions, "currency", "before", "after", "change", "percent"),
        options,
        title=f"{days[0]} until {days[1]} against {before[0]} until {before[1]} (exclusive)",
    )
    say_gaps(read_coverage(workspace, days), days, where)


def _point(
    point: TrendPoint, grain: Grain, metric: CostMetric, *, for_people: bool
) -> dict[str, Any]:
    row: dict[str, Any] = {
        grain.value: point.start.isoformat(),
        "currency": point.currency,
        metric.value: point.amount,
        "known": point.known,
        "provisional": point.provisional,
    }
    if for_people:
        row["known"] = "partial" if point.is_partial else point.known
        row["provisional"] = UNKNOWN if point.provisional is None else point.provisional
    return row


def _dimensions(by: Sequence[str]) -> list[str]:
    if len(by) > MOST_DIMENSIONS:
        raise InvalidRequest(f"--by is given {len(by)} times, and {MOST_DIMENSIONS} are the most.")
    return list(dict.fromkeys(checked_dimension(name, "--by") for name in by))


def _group(
    dimensions: Sequence[str], values: Sequence[str | None], *, others: int = 0
) -> dict[str, Any]:
    """Return the values of a group by dimension; of the row for the rest, how many groups."""
    group: dict[str, Any] = dict(zip(dimensions, values, strict=True))
    if others:
        group[dimensions[0]] = f"{others} others"
    return group
