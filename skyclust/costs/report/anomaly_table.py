"""The table of anomalies of a report, and their causes in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from skyclust.costs.anomalies.anomaly import Anomaly, Cause
from skyclust.costs.money import change_text, money_text
from skyclust.costs.report.page import Table

MOST_ANOMALIES: Final = 20
NO_VALUE: Final = "(none)"


def anomaly_table(anomalies: Sequence[Anomaly]) -> Table:
    """Return a row for each anomaly, the first twenty."""
    rows = [
        (
            one.name,
            days_text(one),
            money_text(one.expected, one.currency),
            money_text(one.actual, one.currency),
            change_text(one.impact, one.currency),
            severity_text(one),
            cause_text(one.causes),
        )
        for one in anomalies[:MOST_ANOMALIES]
    ]
    columns = ("service", "days", "expected", "actual", "impact", "severity", "likely cause")
    caption = "Days that cost more or less than expected"
    if not rows:
        caption = "No day cost clearly more or less than expected"
    elif len(anomalies) > MOST_ANOMALIES:
        caption += f", the largest {MOST_ANOMALIES} of {len(anomalies)}"
    return Table(caption, columns, rows, frozenset({2, 3, 4}))


def days_text(anomaly: Anomaly) -> str:
    """Return the first day of an anomaly, and how many days it has if it has more."""
    days = (anomaly.last_day - anomaly.start).days + 1
    return str(anomaly.start) if days == 1 else f"{anomaly.start}, {days} days"


def severity_text(anomaly: Anomaly) -> str:
    """Return how much an anomaly matters, and whether it goes on."""
    if anomaly.level_shift:
        return f"{anomaly.severity}, a new level"
    return f"{anomaly.severity}, goes on" if anomaly.ongoing else str(anomaly.severity)


def cause_text(causes: Sequence[Cause]) -> str:
    """Return causes in words, `resource i-1 (92%)`; empty where none is known.

    The innermost dimension is first: a narrow column cuts off the account, and not the resource.
    """
    dimensions = list(dict.fromkeys(one.dimension for one in causes))
    return ", ".join(
        f"{one.dimension.replace('_', ' ')} {one.value or NO_VALUE} ({one.share:.0%})"
        for one in sorted(causes, key=lambda one: -dimensions.index(one.dimension))
    )
