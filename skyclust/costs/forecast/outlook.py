"""The outlook of a month: its total, and the days of it that are still to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from skyclust.costs.forecast.daily_series import DailySeries
from skyclust.costs.forecast.forecast import ForecastDay, forecast
from skyclust.costs.forecast.month import MonthForecast, month_total
from skyclust.costs.forecast.recurring import last_of_month


@dataclass(frozen=True)
class Outlook:
    """The total of the month of a series, its days from today on, and its days of late.

    `recent` are the costs of the days before today: usage and charges, None for gaps.
    """

    series: DailySeries
    month: MonthForecast
    days: Sequence[ForecastDay]
    recent: Sequence[Decimal | None]


def outlook(series: DailySeries, today: date, *, recent_days: int = 30) -> Outlook:
    """Return the outlook of the month that today belongs to."""
    ahead = (last_of_month(today) - today).days + 1
    charges: dict[date, Decimal] = {}
    for day, amount in series.recurring:
        charges[day] = charges.get(day, Decimal(0)) + amount
    recent: list[Decimal | None] = []
    for number in range(recent_days, 0, -1):
        day = today - timedelta(days=number)
        usage = series.values.get(day)
        recent.append(None if usage is None else usage + charges.get(day, Decimal(0)))
    days = forecast(series, today, ahead).days
    return Outlook(series, month_total(series, today), tuple(days), tuple(recent))
