"""How often and how long an operation is retried before a person has to decide.

An operation whose outcome the cloud does not report is never failed automatically: that could
leave an instance that nobody knows. It is not retried for ever either. After so many attempts of
one step, or so much time, it is paused with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from skyclust.model.operation import Operation
from skyclust.settings import load_settings


@dataclass(frozen=True)
class AttemptLimits:
    """The most attempts of one step, and the most time since the request or the last resume."""

    attempts: int
    age: timedelta


def load_attempt_limits() -> AttemptLimits:
    """Return the limits of this process's settings."""
    settings = load_settings()
    return AttemptLimits(
        settings.operation_max_attempts, timedelta(hours=settings.operation_max_age_hours)
    )


def exceeded_limit(operation: Operation, limits: AttemptLimits, moment: datetime) -> str:
    """Return which limit an operation exceeds after a failed attempt, "" for none."""
    if operation.attempts >= limits.attempts:
        return f"{operation.attempts} attempts of this step had no result"
    age = moment - (operation.resumed_at or operation.created_at)
    if age >= limits.age:
        return f"it has not ended in {age.total_seconds() / 3600:.1f} hours"
    return ""
