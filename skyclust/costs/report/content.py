"""The content of the cost report: what each section shows, from the results of the analysis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from skyclust.costs.advice.advising import AdviceReport
from skyclust.costs.analysis.breakdown import BreakdownRow
from skyclust.costs.analysis.comparison import ComparedCost
from skyclust.costs.analysis.summary import CostSummary
from skyclust.costs.analysis.trend import TrendPoint
from skyclust.costs.anomalies.anomaly import Anomaly
from skyclust.costs.budgets.assessment import BudgetStatus
from skyclust.costs.money import change_text, money_text, percent_text
from skyclust.costs.report.advice_table import advice_table
from skyclust.costs.report.anomaly_table import anomaly_table
from skyclust.costs.report.charts import ForecastDay, bar_chart, trend_chart
from skyclust.costs.report.page import ReportPage, Section, Table

MOST_BARS: Final = 8
MOST_MOVERS: Final = 10
NONE: Final = "(none)"
"""A group whose dimension has no value."""


@dataclass(frozen=True)
class MonthOutlook:
    """The forecast of the current month in one currency, with the bounds of its interval.

    `total` is None without a forecast, and `reason` is why.
    """

    currency: str
    total: Decimal | None
    lower: Decimal | None
    upper: Decimal | None
    reason: str = ""
    days: Sequence[ForecastDay] = ()


@dataclass(frozen=True)
class ReportData:
    """What a report is made of; every amount by currency.

    `gaps` are sentences about what is missing or not reconciled: they come first. `anomalies` (of
    services) and `advice` are None where they were not looked for. `made_at` is now.
    """

    workspace: str
    start: date
    end: date
    summaries: Sequence[CostSummary]
    trend: Mapping[str, Sequence[TrendPoint]]
    outlooks: Sequence[MonthOutlook]
    breakdowns: Mapping[str, Sequence[BreakdownRow]]
    movers: Sequence[ComparedCost]
    compared_with: tuple[date, date]
    budgets: Sequence[BudgetStatus]
    gaps: Sequence[str] = ()
    anomalies: Sequence[Anomaly] | None = None
    advice: AdviceReport | None = None
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    more_tables: Sequence[Section] = field(default=())


def report_page(data: ReportData) -> ReportPage:
    """Return the report as sections, what needs a person first."""
    sections = [
        *_gap_section(data.gaps),
        _summary_section(data.summaries),
        *_budget_section(data.budgets),
        *_trend_sections(data),
        *_breakdown_sections(data.breakdowns),
        *_mover_section(data),
    ]
    if data.anomalies is not None:
        sections.append(Section("Anomalies", tables=[anomaly_table(data.anomalies)]))
    if data.advice is not None:
        sections.append(Section("Advice", tables=[advice_table(data.advice, data.made_at)]))
    return ReportPage(
        title=f"Costs of {data.workspace}",
        subtitle=f"{data.start} until {data.end} (exclusive), charge days in UTC. Effective cost,"
        " unless a column says otherwise.",
        sections=[*sections, *data.more_tables],
    )


def _gap_section(gaps: Sequence[str]) -> Iterator[Section]:
    if gaps:
        yield Section("What is missing or does not add up", paragraphs=gaps, alert=True)


def _summary_section(summaries: Sequence[CostSummary]) -> Section:
    rows = [
        (
            one.currency,
            money_text(one.gross),
            money_text(one.credits),
            money_text(one.net),
            money_text(one.tax),
            money_text(one.effective_cost),
            money_text(one.savings),
        )
        for one in summaries
    ]
    columns = ("currency", "gross", "credits", "net", "tax", "effective cost", "savings")
    paragraphs = () if rows else ("No delivery covers these days: what they cost is not known.",)
    tables = [Table("Billed and effective cost", columns, rows, frozenset(range(1, 7)))]
    return Section("Summary", paragraphs=paragraphs, tables=tables if rows else ())


def _budget_section(budgets: Sequence[BudgetStatus]) -> Iterator[Section]:
    if not budgets:
        return
    rows = [
        (
            one.budget.name,
            money_text(one.budget.amount, one.budget.currency),
            money_text(one.cost.actual),
            percent_text(one.used_percent),
            money_text(one.cost.forecast),
            percent_text(one.forecast_percent),
            ", ".join(map(str, one.reached)) or "none",
        )
        for one in budgets
    ]
    columns = ("budget", "amount", "so far", "used", "forecast", "of it", "thresholds reached")
    table = Table("Budgets of the month", columns, rows, frozenset(range(1, 6)))
    yield Section("Budgets", tables=[table], alert=any(one.reached for one in budgets))


def _trend_sections(data: ReportData) -> Iterator[Section]:
    outlooks = {one.currency: one for one in data.outlooks}
    for currency, points in sorted(data.trend.items()):
        outlook = outlooks.get(currency)
        days = outlook.days if outlook else ()
        title = f"Cost a day in {currency}"
        svg, words = trend_chart(
            title, currency, [(point.start, point.whole_amount) for point in points], days
        )
        rows = [
            (
                point.start.isoformat(),
                money_text(point.amount),
                _remark(point),
            )
            for point in points
        ]
        rows += [
            (
                one.day.isoformat(),
                money_text(one.amount),
                f"forecast, {money_text(one.lower)} to {money_text(one.upper)}",
            )
            for one in days
        ]
        yield Section(
            title,
            paragraphs=[_outlook_text(outlook)] if outlook else (),
            svg=svg,
            words=words,
            tables=[Table(title, ("day", currency, "remark"), rows, frozenset({1}))],
        )


def _remark(point: TrendPoint) -> str:
    partial = "partial: not of every account" if point.is_partial else ""
    return ", ".join(filter(None, [partial, "provisional" if point.provisional else ""]))


def _outlook_text(outlook: MonthOutlook) -> str:
    if outlook.total is None:
        return f"There is no forecast of the month in {outlook.currency}: {outlook.reason}."
    return (
        f"Forecast of the month: {money_text(outlook.total, outlook.currency)}, with 80 %"
        f" probability between {money_text(outlook.lower)} and {money_text(outlook.upper)}."
    )


def _breakdown_sections(breakdowns: Mapping[str, Sequence[BreakdownRow]]) -> Iterator[Section]:
    for dimension, rows in breakdowns.items():
        name = dimension.replace("_", " ").replace("tag:", "tag ", 1)
        for currency in sorted({row.currency for row in rows}):
            mine = [row for row in rows if row.currency == currency]
            title = f"Cost by {name} in {currency}"
            bars = [(group_name(row), row.amount) for row in mine[:MOST_BARS]]
            svg, words = bar_chart(title, currency, bars)
            table = Table(
                title,
                (name, currency, "share", "savings"),
                [
                    (
                        group_name(row),
                        money_text(row.amount),
                        percent_text(row.share),
                        money_text(row.savings),
                    )
                    for row in mine
                ],
                frozenset({1, 2, 3}),
            )
            yield Section(title, svg=svg, words=words, tables=[table])


def _mover_section(data: ReportData) -> Iterator[Section]:
    if not data.movers:
        return
    start, end = data.compared_with
    rows = [
        (
            " / ".join(value or NONE for value in one.values),
            money_text(one.before, one.currency) if one.before is not None else "new",
            money_text(one.after, one.currency) if one.after is not None else "ended",
            change_text(one.change, one.currency),
            percent_text(one.percent),
        )
        for one in data.movers[:MOST_MOVERS]
    ]
    columns = ("service", "before", "now", "change", "percent")
    caption = f"Largest changes against {start} until {end} (exclusive)"
    yield Section("Top movers", tables=[Table(caption, columns, rows, frozenset({1, 2, 3, 4}))])


def group_name(row: BreakdownRow) -> str:
    """Return what a row of a breakdown is of, for people."""
    if row.others:
        return f"{row.others} others"
    return " / ".join(value or NONE for value in row.values)
