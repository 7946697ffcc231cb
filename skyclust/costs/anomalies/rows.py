"""Anomalies as rows for programs."""

from __future__ import annotations

from typing import Any

from skyclust.costs.anomalies.anomaly import Anomaly


def anomaly_row(one: Anomaly, dimension: str) -> dict[str, Any]:
    """Return an anomaly by its names, its series under that of its dimension.

    Amounts are Decimal, days ISO texts.
    """
    return {
        dimension: one.name,
        "currency": one.currency,
        "expected": one.expected,
        "actual": one.actual,
        "impact": one.impact,
        "id": one.id,
        "z": one.z,
        "days": [day.isoformat() for day in one.days],
        "direction": one.direction.value,
        "severity": one.severity.value,
        "ongoing": one.ongoing,
        "level_shift": one.level_shift,
        "causes": [
            {
                "dimension": cause.dimension,
                "value": cause.value,
                "impact": cause.impact,
                "share": cause.share,
            }
            for cause in one.causes
        ],
    }
