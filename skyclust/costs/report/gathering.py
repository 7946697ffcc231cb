"""Gathers the data of the cost report from the ledger: one query for each need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from skyclust.costs.advice.advising import find_advice
from skyclust.costs.analysis.breakdown import BreakdownRow, break_down
from skyclust.costs.analysis.comparison import ComparedCost, compare, range_before
from skyclust.costs.analysis.summary import summarize
from skyclust.costs.analysis.trend import Grain, TrendPoint, trend
from skyclust.costs.anomalies.ledger_search import anomalies_by, search_start
from skyclust.costs.counting import counted
from skyclust.costs.forecast.ledger_series import daily_series, history_start
from skyclust.costs.forecast.outlook import outlook
from skyclust.costs.ledger.cost_query import TAG, CostQuery
from skyclust.costs.ledger.coverage import AccountCoverage, coverage
from skyclust.costs.ledger.currency_days import currency_days
from skyclust.costs.ledger.known_days import (
    KnownDays,
    gap_sentences,
    known_days,
    uncounted_sentences,
)
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.ledger.storage import LedgerRoot, open_root
from skyclust.costs.report.budget_states import budget_states
from skyclust.costs.report.charts import ForecastDay
from skyclust.costs.report.content import MonthOutlook, ReportData
from skyclust.costs.report.reconciliation_gaps import reconciliation_gaps
from skyclust.store import cost_settings
from skyclust.store.engine import Store

DIMENSIONS: Final = ("service", "provider", "billing_account", "region")
"""What every report breaks costs down by, beside the allocation tags of the workspace."""

MOST_GROUPS: Final = 25
"""Groups of a breakdown; one row stands for all others."""

REPORT_DAYS: Final = 30


@dataclass(frozen=True)
class _Gathering:
    """What the parts of a report start from: all days of the history, by what rollups have."""

    store: Store
    root: LedgerRoot
    workspace_id: str
    start: date
    end: date
    today: date
    frame: Any
    accounts: Sequence[AccountCoverage]

    def query(self, query: CostQuery) -> Any:
        """Return the frame of a question about the workspace."""
        return query_costs(self.store, [self.workspace_id], query, root=self.root)

    def between(self, start: date, end: date) -> Any:
        """Return the rows of the days [start, end)."""
        return self.frame[(self.frame["day"] >= start) & (self.frame["day"] < end)]

    def known(self, start: date, end: date) -> KnownDays:
        """Return which of the days [start, end) are known."""
        return known_days(self.accounts, start, end)


def report_range(start: date | None, end: date | None, today: date) -> tuple[date, date]:
    """Return the range of a report: by default the 30 days before today."""
    last = end or (today if start is None or start < today else start + timedelta(days=1))
    return start or last - timedelta(days=REPORT_DAYS), last


def gather_report(
    store: Store,
    workspace_id: str,
    start: date,
    end: date,
    *,
    today: date,
    root: LedgerRoot | None = None,
) -> ReportData:
    """Return the data of a report of the charge days [start, end).

    The outlook and the budgets are of the month of `today`, and of reports that reach into it.
    Raises NotFound for an unknown workspace, Conflict when a file of the ledger was collected
    meanwhile.
    """
    before = range_before(start, end)
    tomorrow = today + timedelta(days=1)
    first = min(before[0], history_start(today), search_start(min(end, today)))
    last = max(end, tomorrow)
    ledger = root or open_root()
    question = CostQuery(first, last, by=("day", "charge_category", *DIMENSIONS))
    all_days = _Gathering(
        store,
        ledger,
        workspace_id,
        start,
        end,
        today,
        query_costs(store, [workspace_id], question, root=ledger),
        coverage(store, workspace_id, first, last),
    )
    charged = all_days.between(start, end)
    with store.reading() as connection:
        tags = cost_settings.get(connection, workspace_id).allocation_tags
    current = end > today.replace(day=1)
    return ReportData(
        workspace=workspace_id,
        start=start,
        end=end,
        summaries=summarize(charged),
        trend=_trends(all_days, charged),
        outlooks=_outlooks(all_days) if current else (),
        breakdowns=_breakdowns(all_days, charged, tags),
        movers=_movers(all_days, charged, before),
        compared_with=before,
        budgets=budget_states(
            store, workspace_id, all_days.frame, all_days.accounts, today, root=ledger
        )
        if current
        else (),
        gaps=[
            *_gaps(all_days, before),
            *reconciliation_gaps(store, workspace_id, start, end, ledger),
        ],
        advice=find_advice(store, workspace_id, root=ledger),
        anomalies=anomalies_by(
            all_days.query,
            all_days.between(search_start(min(end, today)), min(end, today)),
            all_days.known(search_start(min(end, today)), min(end, today)),
            start,
            min(end, today),
            dimension="service",
        ),
    )


def _trends(of: _Gathering, charged: Any) -> Mapping[str, Sequence[TrendPoint]]:
    shown_end = min(of.end, of.today + timedelta(days=1))
    points = trend(
        charged,
        of.start,
        max(shown_end, of.start),
        Grain.DAY,
        days=currency_days(of.accounts, of.start, of.end),
    )
    by_currency: dict[str, list[TrendPoint]] = {}
    for point in points:
        by_currency.setdefault(point.currency, []).append(point)
    return by_currency


def _outlooks(of: _Gathering) -> list[MonthOutlook]:
    start, end = history_start(of.today), of.today + timedelta(days=1)
    series = daily_series(of.between(start, end), of.known(start, end), end)
    outlooks = []
    for one in series:
        ahead = outlook(one, of.today)
        days = [
            ForecastDay(day.day, day.cost, day.lower, day.upper)
            for day in ahead.days
            if day.day >= of.end
        ]
        month = ahead.month
        outlooks.append(
            MonthOutlook(one.currency, month.expected, month.lower, month.upper, month.reason, days)
        )
    return outlooks


def _breakdowns(
    of: _Gathering, charged: Any, tags: Sequence[str]
) -> Mapping[str, Sequence[BreakdownRow]]:
    found: dict[str, Sequence[BreakdownRow]] = {
        name: break_down(charged, [name], most=MOST_GROUPS)
        for name in DIMENSIONS
        if charged[name].notna().any()
    }
    if tags:
        names = [f"{TAG}{key}" for key in tags]
        tagged = of.query(CostQuery(of.start, of.end, by=names))
        found |= {name: break_down(tagged, [name], most=MOST_GROUPS) for name in names}
    return found


def _movers(of: _Gathering, charged: Any, before: tuple[date, date]) -> Sequence[ComparedCost]:
    """Return the largest changes, without currencies that have no known day to compare with."""
    days = _delivered(of, before)
    compared = compare(of.between(*before), charged, ["service"])
    changed = [one for one in compared if one.change and days.get(one.currency)]
    return sorted(changed, key=lambda one: (one.currency, -abs(one.change)))


def _gaps(of: _Gathering, before: tuple[date, date]) -> list[str]:
    """Return in words which days lack costs, of the report and of what it is compared with."""
    if not of.accounts:
        return ["No costs were ever delivered to this workspace."]
    sentences = gap_sentences(of.accounts, of.start, min(of.end, of.today))
    sentences += uncounted_sentences(of.accounts, of.start, of.end)
    delivered = _delivered(of, before).values()
    in_full = frozenset.intersection(*delivered) if delivered else frozenset()
    missing = (before[1] - before[0]).days - len(in_full)
    if any(delivered) and missing:
        days = counted(missing, "day is", "days are")
        sentences.append(
            f"Of the days that the changes are compared with, {before[0]} until {before[1]}"
            f" (exclusive), {days} not known in full: changes are overstated."
        )
    return sentences


def _delivered(of: _Gathering, days: tuple[date, date]) -> Mapping[str, frozenset[date]]:
    """Return by currency the days that all of its accounts have delivered."""
    return {name: one.delivered for name, one in currency_days(of.accounts, *days).items()}
