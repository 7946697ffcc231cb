"""How long an operation that cannot be done is tried before a person has to decide.

An operation whose outcome the cloud does not tell is never given up by itself: that could
leave a machine that nobody knows. It is not tried for ever either. After so many attempts of
one step, or so much time, it is parked with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from skyclust.model.operation import Operation
from skyclust.settings import load_settings


@dataclass(frozen=True)
class Bounds:
    """The most attempts of one step, and the most time since it was asked for or resumed."""

    attempts: int
    age: timedelta


def load_bounds() -> Bounds:
    """Return the bounds of this process's settings."""
    settings = load_settings()
    return Bounds(
        settings.operation_max_attempts, timedelta(hours=settings.operation_max_age_hours)
    )


def exceeded(operation: Operation, bounds: Bounds, moment: datetime) -> str:
    """Return which bound a failed attempt leaves an operation beyond, "" while it has time."""
    if operation.attempts >= bounds.attempts:
        return f"{operation.attempts} attempts of this step came to nothing"
    age = moment - (operation.resumed_at or operation.created_at)
    if age >= bounds.age:
        return f"it has not come to an end in {age.total_seconds() / 3600:.1f} hours"
    return ""
