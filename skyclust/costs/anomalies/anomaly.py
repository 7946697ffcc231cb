"""Anomalies: what they are, their rules, and their likely causes, as plain data."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Direction(StrEnum):
    """Whether days cost more or less than expected."""

    INCREASE = "increase"
    DECREASE = "decrease"


class Severity(StrEnum):
    """How much an anomaly matters, by its impact beside the expected cost of 30 days."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True)
class AnomalyRules:
    """When a day is an anomaly.

    A day is one if its robust z is at least `least_z` and it deviates by at least `least_amount`
    (in the currency of the series) and by at least `least_share` of the expected cost, which is the
    median of the same weekday over the last `window_days`. After `adopted_days` from its start on,
    an event that goes on is a new level, and what is usual.
    """

    least_z: float = 3.5
    least_amount: Decimal = Decimal(1)
    least_share: float = 0.2
    window_days: int = 56
    adopted_days: int = 14


@dataclass(frozen=True)
class Cause:
    """What explains a deviation: a value of a dimension, its part of it, and that as a share.

    `value` is None for costs without one. The share is negative for a value that moved against it.
    """

    dimension: str
    value: str | None
    impact: Decimal
    share: float


@dataclass(frozen=True)
class Anomaly:
    """A run of days that cost far more or less than expected: one event, while it grows.

    `id` stays the same while the event grows, so that it is reported once. `last_day` is the last
    anomalous day. `impact` is the sum over the anomalous days of cost minus expected cost, negative
    for a decrease; `expected` and `actual` are the sums over the same days. `ongoing` is True while
    the next day may still belong to it, `level_shift` if it lasted until it became usual. `z` is
    the largest robust z of its days.
    """

    id: str
    name: str
    currency: str
    start: date
    last_day: date
    days: Sequence[date]
    direction: Direction
    severity: Severity
    expected: Decimal
    actual: Decimal
    impact: Decimal
    z: float
    ongoing: bool
    level_shift: bool
    causes: Sequence[Cause] = ()


def anomaly_id(name: str, currency: str, start: date, direction: Direction) -> str:
    """Return the id of an event: it follows from its series, its first day and its direction."""
    text = "\0".join((name, currency, start.isoformat(), direction))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
