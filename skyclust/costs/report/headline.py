"""A report in one sentence, for the message of its run."""

from __future__ import annotations

from skyclust.costs.money import by_currency
from skyclust.costs.report.content import ReportData


def headline(data: ReportData) -> str:
    """Return what was spent, what the month is expected to cost, and what needs a look."""
    spent = by_currency({one.currency: one.effective_cost for one in data.summaries})
    parts = [
        f"{spent or 'no known costs'} from {data.start} until {data.end} (exclusive)",
    ]
    expected = {one.currency: one.total for one in data.outlooks if one.total is not None}
    if expected:
        parts.append(f"{by_currency(expected)} forecast for the month")
    reached = [one.budget.name for one in data.budgets if one.reached]
    if reached:
        parts.append(f"thresholds reached of budget {', '.join(reached)}")
    if data.anomalies:
        parts.append(_counted(len(data.anomalies), "anomaly", "anomalies"))
    if data.gaps:
        parts.append(_counted(len(data.gaps), "gap or difference", "gaps or differences"))
    return f"{data.workspace}: {'; '.join(parts)}."


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
