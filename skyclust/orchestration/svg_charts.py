"""Charts as SVG pictures in Markdown, drawn here: bars of parts, and columns over time.

Both of Prefect's UIs show an image that is a data URI, and neither loads one from elsewhere. A
chart has a card of its own, since one UI is dark and the other light, and says its numbers in its
alternative text too.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final

from skyclust.orchestration.artifacts import escaped
from skyclust.svg import FAINT, PALETTE, WIDTH, card, rectangle, text

_FIGURE_WIDTH: Final = 9
"""Pixels that one figure of a number needs."""


@dataclass(frozen=True)
class Chart:
    """A picture, and the same in words."""

    svg: str
    words: str

    @property
    def markdown(self) -> str:
        """Return the image for a Markdown page."""
        data = base64.b64encode(self.svg.encode()).decode()
        return f"![{escaped(self.words)}](data:image/svg+xml;base64,{data})"


def stacked_bars(
    title: str, bars: Mapping[str, Mapping[str, int]], colours: Mapping[str, str]
) -> Chart:
    """Return a chart with a bar for each name, made of its parts; the largest part comes first.

    `colours` are those of parts that have one of their own.
    """
    totals: dict[str, int] = {}
    for parts in bars.values():
        for part, number in parts.items():
            totals[part] = totals.get(part, 0) + number
    order = sorted(totals, key=lambda part: (-totals[part], part))
    others = (part for part in order if part not in colours)
    painted = dict(zip(others, cycle(PALETTE), strict=False)) | dict(colours)
    longest = max((sum(parts.values()) for parts in bars.values()), default=0)
    left, room, row = 110, WIDTH - 110 - 70, 34
    shapes: list[str] = []
    for index, (name, parts) in enumerate(bars.items()):
        y = 44 + index * row
        shapes.append(text(left - 10, y + 16, name, anchor="end"))
        x = float(left)
        for part in order:
            width = room * parts.get(part, 0) / longest if longest else 0.0
            if width:
                shapes.append(rectangle(x, y, width, 22, painted[part]))
                shapes += _figure(x, y + 16, width, parts[part])
            x += width
        shapes.append(text(x + 8, y + 16, str(sum(parts.values())), bold=True))
    y = 44 + len(bars) * row + 12
    x = float(left)
    for part in order:
        legend = f"{part} {totals[part]}"
        width = 22 + 8 * len(legend) + 14
        if x + width > WIDTH and x > left:
            x, y = float(left), y + 22
        shapes.append(rectangle(x, y, 12, 12, painted[part]))
        shapes.append(text(x + 18, y + 11, legend))
        x += width
    words = "; ".join(
        f"{name}: " + ", ".join(f"{parts[part]} {part}" for part in order if parts.get(part))
        for name, parts in bars.items()
    )
    return _chart(title, shapes, y + 28, words or "none")


def columns(
    title: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[int]],
    colours: Mapping[str, str],
    *,
    words: str,
) -> Chart:
    """Return a chart with a row of columns for each series, each to a scale of its own.

    So a day on which everything was new hides no change of the others. `words` says the same.
    """
    left, row, height = 110, 64, 40
    step = (WIDTH - left - 20) / max(len(labels), 1)
    shapes: list[str] = []
    for index, (name, numbers) in enumerate(series.items()):
        base = 44 + index * row + 12 + height
        highest = max(numbers, default=0)
        shapes.append(text(left - 10, base - 22, name, anchor="end"))
        shapes.append(text(left - 10, base - 4, f"{sum(numbers)} in all", anchor="end", size=11))
        shapes.append(rectangle(left, base, WIDTH - left - 20, 1, FAINT))
        for place, number in enumerate(numbers):
            if not number:
                continue
            tall = max(2.0, height * number / highest)
            x = left + place * step
            shapes.append(rectangle(x + 2, base - tall, step - 4, tall, colours[name]))
            # The highest has its number wherever it stands, the others where there is room.
            if number == highest or step > _FIGURE_WIDTH * len(str(number)):
                middle = x + step / 2
                shapes.append(text(middle, base - tall - 3, str(number), anchor="middle", size=11))
    y = 44 + len(series) * row + 8
    # Every second label at most, where they would run into each other.
    every = 1 if step > _FIGURE_WIDTH * max(map(len, labels), default=1) else 2
    every = every if step * every > 6.5 * max(map(len, labels), default=1) else 4
    for place, label in enumerate(labels):
        if place % every == 0:
            middle = left + (place + 0.5) * step
            shapes.append(text(middle, y, label, anchor="middle", size=11))
    return _chart(title, shapes, y + 14, words)


def _chart(title: str, shapes: Sequence[str], height: float, words: str) -> Chart:
    return Chart(card(title, shapes, height, words), f"{title}: {words}")


def _figure(x: float, y: float, width: float, number: int) -> list[str]:
    """Return a number in white within a bar, if there is room for it."""
    if width < _FIGURE_WIDTH * len(str(number)) + 6:
        return []
    return [text(x + width / 2, y, str(number), anchor="middle", colour="#ffffff")]
