"""The data of a report for programs: names in snake case, amounts as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skyclust.costs.advice.advising import AdviceReport
from skyclust.costs.advice.rows import advice_row
from skyclust.costs.analysis.breakdown import BreakdownRow
from skyclust.costs.anomalies.rows import anomaly_row
from skyclust.costs.budgets.assessment import BudgetStatus
from skyclust.costs.report.content import MonthOutlook, ReportData


def report_record(data: ReportData) -> dict[str, Any]:
    """Return a report's data as plain values: dates as ISO texts, amounts as Decimal or None."""
    before, until = data.compared_with
    return {
        "workspace": data.workspace,
        "from": data.start.isoformat(),
        "to": data.end.isoformat(),
        "gaps": list(data.gaps),
        "summary": [vars(one) for one in data.summaries],
        "budgets": [_budget(one) for one in data.budgets],
        "trend": [
            {
                "day": point.start.isoformat(),
                "currency": point.currency,
                "effective_cost": point.amount,
                "known": point.known,
                "provisional": point.provisional,
            }
            for points in data.trend.values()
            for point in points
        ],
        "outlook": [_outlook(one) for one in data.outlooks],
        "breakdown": _breakdowns(data.breakdowns),
        "compared_with": {"from": before.isoformat(), "to": until.isoformat()},
        "movers": [
            {
                "service": one.values[0],
                "currency": one.currency,
                "before": one.before,
                "after": one.after,
                "change": one.change,
                "percent": one.percent,
            }
            for one in data.movers
        ],
        "anomalies": None
        if data.anomalies is None
        else [anomaly_row(one, "service") for one in data.anomalies],
        "advice": None if data.advice is None else _advice(data.advice),
    }


def _budget(status: BudgetStatus) -> dict[str, Any]:
    return {
        "name": status.budget.name,
        "amount": status.budget.amount,
        "currency": status.budget.currency,
        "actual": status.cost.actual,
        "used_percent": status.used_percent,
        "forecast": status.cost.forecast,
        "forecast_percent": status.forecast_percent,
        "forecast_reason": status.cost.forecast_reason,
        "reached": [
            {"kind": one.kind.value, "percent": one.percent.normalize()} for one in status.reached
        ],
        "not_counted": dict(status.cost.not_counted or {}),
    }


def _outlook(one: MonthOutlook) -> dict[str, Any]:
    return {
        "currency": one.currency,
        "forecast": one.total,
        "lower": one.lower,
        "upper": one.upper,
        "reason": one.reason,
        "days": [
            {
                "day": day.day.isoformat(),
                "forecast": day.amount,
                "lower": day.lower,
                "upper": day.upper,
            }
            for day in one.days
        ],
    }


def _breakdowns(found: Mapping[str, Sequence[BreakdownRow]]) -> dict[str, list[dict[str, Any]]]:
    return {
        dimension: [
            {
                "value": row.values[0],
                "others": row.others,
                "currency": row.currency,
                "effective_cost": row.effective_cost,
                "billed_cost": row.billed_cost,
                "list_cost": row.list_cost,
                "savings": row.savings,
                "share": row.share,
                "rows": row.rows,
            }
            for row in rows
        ]
        for dimension, rows in found.items()
    }


def _advice(report: AdviceReport) -> list[dict[str, Any]]:
    """Return the advice as `cost advise --json` lists it: all of it, not the first rows."""
    return [advice_row(one, report) for one in report.advice]
