"""Daily series for tests, made of plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from skyclust.costs.forecast.daily_series import DailySeries

TODAY = date(2026, 3, 2)
"""A Monday."""


def daily(
    costs: Sequence[float | None],
    *,
    today: date = TODAY,
    provisional_from: date | None = None,
    recurring: Sequence[tuple[date, Decimal]] = (),
) -> DailySeries:
    """Return a series whose last cost is that of the day before today; None is a gap."""
    start = today - timedelta(days=len(costs))
    values = {
        start + timedelta(days=n): None if cost is None else Decimal(str(cost))
        for n, cost in enumerate(costs)
    }
    return DailySeries("compute", "USD", values, provisional_from, tuple(recurring))
