"""The parts that SVG charts are drawn of: a card with a title, rectangles, lines, texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

WIDTH: Final = 660
"""Pixels: the text column of the Prefect UI in a window that is 1400 wide has 690."""

GREEN: Final = "#15803d"
GREY: Final = "#64748b"
AMBER: Final = "#b45309"
RED: Final = "#be123c"
BLUE: Final = "#1d4ed8"

PALETTE: Final = (BLUE, "#7e22ce", "#0f766e", "#a16207", "#9d174d")
"""Colours of what has none of its own. They, and those above, are dark enough for white figures:
a contrast of 4.5 and more (WCAG 2.2, 1.4.3)."""

WHITE: Final = "#ffffff"
INK: Final = "#1f2937"
FAINT: Final = "#d1d5db"


def card(title: str, shapes: Sequence[str], height: float, words: str) -> str:
    """Return a whole picture on a white card; `words` says what it shows, without its title."""
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}"',
            f' viewBox="0 0 {WIDTH} {height:.0f}" role="img">',
            f"<title>{escape(f'{title}: {words}')}</title>",
            f'<rect width="{WIDTH}" height="{height:.0f}" rx="6" fill="{WHITE}"/>',
            text(16, 26, title, bold=True, size=15),
            *shapes,
            "</svg>",
        ]
    )


def rectangle(x: float, y: float, width: float, height: float, colour: str) -> str:
    """Return a filled rectangle; (x, y) is its upper left corner, in pixels."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'
    )


def line(points: Sequence[tuple[float, float]], colour: str, *, dashed: bool = False) -> str:
    """Return a line through points, in pixels."""
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    return (
        f'<polyline points="{_points(points)}" fill="none" stroke="{colour}"'
        f' stroke-width="2"{dashes}/>'
    )


def area(points: Sequence[tuple[float, float]], colour: str) -> str:
    """Return a translucent area with these corners, in pixels."""
    return f'<polygon points="{_points(points)}" fill="{colour}" fill-opacity="0.18"/>'


def text(
    x: float,
    y: float,
    content: str,
    *,
    anchor: str = "start",
    bold: bool = False,
    size: int = 13,
    colour: str = INK,
) -> str:
    """Return a text whose baseline begins, ends or is centred at (x, y), as `anchor` says."""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="sans-serif" font-size="{size}"{weight}'
        f" text-anchor={quoteattr(anchor)} fill={quoteattr(colour)}>{escape(content)}</text>"
    )


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
