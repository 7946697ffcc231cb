"""The charts of the cost report: a trend with its forecast band, and bars of a breakdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import floor, log10
from typing import Final

from skyclust.costs.counting import counted
from skyclust.costs.money import money_text
from skyclust.svg import BLUE, FAINT, GREY, PALETTE, WIDTH, area, card, line, rectangle, text

_LEFT: Final = 78
_RIGHT: Final = WIDTH - 16
_TOP: Final = 48
_BOTTOM: Final = 228
_BARS_LEFT: Final = 190
_MOST_LABEL: Final = 24
"""Characters of a bar's label: what does not fit is in the table beneath."""


@dataclass(frozen=True)
class ForecastDay:
    """The forecast of one day, with the bounds of its interval."""

    day: date
    amount: Decimal
    lower: Decimal
    upper: Decimal


def trend_chart(
    title: str,
    currency: str,
    actual: Sequence[tuple[date, Decimal | None]],
    forecast: Sequence[ForecastDay] = (),
    budget_by_day: Decimal | None = None,
) -> tuple[str, str]:
    """Return a picture of daily costs in one currency, and the same in words.

    Days whose cost is not known in full interrupt the line. The forecast is dashed,
    within its band.
    """
    known = [amount for _, amount in actual if amount is not None]
    values = [*known, *(day.upper for day in forecast), *(day.lower for day in forecast)]
    values += [] if budget_by_day is None else [budget_by_day]
    low, high = min([Decimal(0), *values]), max([Decimal(1), *values])
    days = sorted({*(day for day, _ in actual), *(day.day for day in forecast)})
    place = _Place(days, float(low), float(high))
    shapes = _axes(place, low, high, days)
    if budget_by_day is not None:
        level = place.y(budget_by_day)
        shapes.append(line([(_LEFT, level), (_RIGHT, level)], GREY, dashed=True))
        shapes.append(text(_RIGHT, level - 5, "budget a day", anchor="end", size=11, colour=GREY))
    if forecast:
        upper = [(place.x(one.day), place.y(one.upper)) for one in forecast]
        lower = [(place.x(one.day), place.y(one.lower)) for one in reversed(forecast)]
        shapes.append(area([*upper, *lower], BLUE))
        middle = [(place.x(one.day), place.y(one.amount)) for one in forecast]
        shapes.append(line(middle, BLUE, dashed=True))
    for run in _unbroken(actual):
        points = [(place.x(day), place.y(amount)) for day, amount in run]
        # A single known day would be a line of no length.
        shapes.append(
            line(points, BLUE)
            if len(points) > 1
            else rectangle(points[0][0] - 2, points[0][1] - 2, 4, 4, BLUE)
        )
    shown = counted(len(known), "day", "days")
    words = f"{money_text(sum(known, Decimal(0)), currency)} over {shown}"
    gaps = len(actual) - len(known)
    words += f", {counted(gaps, 'day is', 'days are')} not known in full" if gaps else ""
    if forecast:
        total = sum((one.amount for one in forecast), Decimal(0))
        ahead = counted(len(forecast), "day", "days")
        words += f"; forecast {money_text(total, currency)} over {ahead}"
    return card(title, shapes, _BOTTOM + 40, words), f"{title}: {words}"


def bar_chart(title: str, currency: str, bars: Sequence[tuple[str, Decimal]]) -> tuple[str, str]:
    """Return a picture with a bar for each group in one currency, and the same in words.

    A negative amount has a grey bar to the same scale.
    """
    longest = max((abs(amount) for _, amount in bars), default=Decimal(0)) or Decimal(1)
    room = WIDTH - _BARS_LEFT - 130
    shapes: list[str] = []
    for number, (name, amount) in enumerate(bars):
        y = 44 + number * 30
        short = name if len(name) <= _MOST_LABEL else f"{name[: _MOST_LABEL - 1]}…"
        shapes.append(text(_BARS_LEFT - 10, y + 15, short, anchor="end"))
        width = max(1.0, room * float(abs(amount) / longest))
        colour = PALETTE[0] if amount >= 0 else GREY
        shapes.append(rectangle(_BARS_LEFT, y, width, 20, colour))
        shapes.append(text(_BARS_LEFT + width + 8, y + 15, money_text(amount), bold=True))
    words = "; ".join(f"{name} {money_text(amount, currency)}" for name, amount in bars) or "none"
    return card(title, shapes, 54 + len(bars) * 30, words), f"{title}: {words}"


class _Place:
    """Where days and amounts are on the picture."""

    def __init__(self, days: Sequence[date], low: float, high: float) -> None:
        self._first = days[0].toordinal() if days else 0
        self._span = max(1, (days[-1].toordinal() if days else 1) - self._first)
        self._low, self._high = low, high

    def x(self, day: date) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (day.toordinal() - self._first) / self._span

    def y(self, amount: Decimal) -> float:
        # Positions are drawn, not money: floating point is enough.
        share = (float(amount) - self._low) / (self._high - self._low)
        return _BOTTOM - (_BOTTOM - _TOP) * share


def _axes(place: _Place, low: Decimal, high: Decimal, days: Sequence[date]) -> list[str]:
    shapes: list[str] = []
    step = _round_step(float(high - low) / 4)
    level = Decimal(0)
    while level <= high:
        y = place.y(level)
        shapes.append(rectangle(_LEFT, y, _RIGHT - _LEFT, 1, FAINT))
        shapes.append(text(_LEFT - 8, y + 4, f"{level:,f}", anchor="end", size=11))
        level += step
    for day in _labelled(days):
        label = day.strftime("%d %b")
        shapes.append(text(place.x(day), _BOTTOM + 20, label, anchor="middle", size=11))
    return shapes


def _labelled(days: Sequence[date]) -> list[date]:
    if len(days) <= 1:
        return list(days)
    every = max(1, len(days) // 6)
    return [day for number, day in enumerate(days) if number % every == 0]


def _round_step(rough: float) -> Decimal:
    """Return a step of 1, 2 or 5 times a power of ten, not less than a rough one."""
    power = Decimal(1).scaleb(floor(log10(rough)) if rough > 0 else 0)
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= Decimal(rough))


def _unbroken(
    actual: Sequence[tuple[date, Decimal | None]],
) -> list[list[tuple[date, Decimal]]]:
    runs: list[list[tuple[date, Decimal]]] = []
    before: date | None = None
    for day, amount in actual:
        if amount is None:
            continue
        if before is None or (day - before).days > 1 or not runs:
            runs.append([])
        runs[-1].append((day, amount))
        before = day
    return runs
