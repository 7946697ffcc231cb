"""The total of a month: what is known of it, and the forecast of the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from skyclust.costs.forecast.daily_series import DailySeries
from skyclust.costs.forecast.forecast import Forecast, ForecastDay, forecast
from skyclust.costs.forecast.recurring import last_of_month


@dataclass(frozen=True)
class MonthForecast:
    """The total of the month of a day, with an 80% band.

    `actual` is what is known so far: usage of complete days, what provisional days and today hold
    by now, and charges. `expected` is `actual` and what is still to come; it, `lower` and `upper`
    are None where there is not enough data (`reason` is why). `missing_days` are days of the month
    before the last known one without data: their cost is unknown, and in no figure.
    """

    name: str
    currency: str
    month: date
    actual: Decimal
    expected: Decimal | None
    lower: Decimal | None
    upper: Decimal | None
    missing_days: int
    model: str | None
    reason: str


def month_total(series: DailySeries, today: date) -> MonthForecast:
    """Return the total of the month that a day belongs to.

    A provisional day, and today, count with what they hold or with their forecast, whichever is
    more: they still fill up. A credit of such a day that is larger than its usage is not cut.
    """
    month, end = today.replace(day=1), last_of_month(today) + timedelta(days=1)
    usage = {day: value for day, value in series.values.items() if month <= day <= today}
    known = sum((value for value in usage.values() if value is not None), Decimal())
    paid = sum((x for day, x in series.recurring if month <= day <= today), Decimal())
    ahead = forecast(series, today, (end - today).days)
    days = [one for one in (*ahead.unfinished, *ahead.days) if month <= one.day < end]
    last = days[0].day if days else today
    missing = sum(
        1 for n in range((last - month).days) if usage.get(month + timedelta(days=n)) is None
    )
    actual = known + paid
    if ahead.model is None:
        reason = ahead.reason
        return MonthForecast(
            series.name, series.currency, month, actual, None, None, None, missing, None, reason
        )
    charged = {day for day, _ in series.recurring}
    rest = sum((_still_to_come(x, usage.get(x.day), today, charged) for x in days), Decimal())
    lower, upper = _band(ahead, actual, rest, len(days))
    return MonthForecast(
        series.name,
        series.currency,
        month,
        actual,
        actual + rest,
        lower,
        upper,
        missing,
        ahead.model,
        ahead.reason,
    )


def _still_to_come(
    expected: ForecastDay, held: Decimal | None, today: date, charged: set[date]
) -> Decimal:
    """Return what a day is expected to add to what is known of it.

    Charges are added from today on, unless the day already has one.
    """
    coming = expected.day >= today and expected.day not in charged
    charges = expected.charges if coming else Decimal()
    if held is None:
        return expected.usage + charges
    return max(Decimal(), expected.usage - held) + charges


def _band(ahead: Forecast, actual: Decimal, rest: Decimal, count: int) -> tuple[Decimal, Decimal]:
    """Return the band of the total; costs that never were negative do not become less."""
    length = len(ahead.unfinished) + len(ahead.days)
    margin = (ahead.total_margin or Decimal()) * count / length
    expected = actual + rest
    least = min([Decimal(), *(day.lower - day.charges for day in ahead.days)]) * count
    return max(expected - margin, min(actual, expected) + least), expected + margin
