"""Tables as text: one line a row, in the width that there is.

Drawn here and not by a library: a table of some thousand rows takes a tenth of the time, lines
have no frame to be copied with them, and the rules of what is cut are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from skyclust.cli.cells import text_of, width_of
from skyclust.cli.columns import Column
from skyclust.model.short_id import short_ids

GAP: Final = "  "
NARROWEST: Final = 4
"""Columns of the terminal that a value is cut to at most, where columns were named."""

_STYLES: Final = {
    "running": "32",
    "succeeded": "32",
    "fresh": "32",
    "stale": "33",
    "pending": "33",
    "abandoned": "33",
    "cancelled": "33",
    "needs-attention": "31",
    "failed": "31",
    "error": "31",
}
"""Colours of states, as SGR codes of ECMA-48: green, yellow, red."""


@dataclass(frozen=True)
class Table:
    """The lines of a table, and the names of the columns for which there was no room."""

    lines: list[str]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """How a table is drawn.

    `width` is in columns of the terminal; None cuts nothing and shows whole ids. `keep` never
    leaves a column out. `colour` writes SGR codes.
    """

    width: int | None = None
    keep: bool = False
    colour: bool = False


def draw(
    rows: Sequence[Mapping[str, object]], columns: Sequence[Column], drawing: Drawing
) -> Table:
    """Return a table of rows: a heading, and exactly one line a row.

    In a given width columns without any value are left out, ids are shown by their short forms,
    values are cut and columns left out by their priority.
    """
    cells = [[text_of(row.get(each.name)) for row in rows] for each in columns]
    if drawing.width is not None:
        cells = [
            _shortened(of) if each.is_id else of for each, of in zip(columns, cells, strict=True)
        ]
    natural = [
        max(map(width_of, [each.long_title, *of])) for each, of in zip(columns, cells, strict=True)
    ]
    uncut = [max(map(width_of, [each.title, *of])) for each, of in zip(columns, cells, strict=True)]
    places = range(len(columns))
    if drawing.width is None:
        widths = dict(enumerate(natural))
    else:
        used = places if drawing.keep else [at for at in places if any(cells[at])] or places[:1]
        widths = _fit(columns, (natural, uncut), used, drawing)
    kept = [at for at in places if at in widths]
    titles = [_title(columns[at], widths[at]) for at in kept]
    heading = _line(titles, kept, columns, widths)
    lines = [f"\x1b[1m{heading}\x1b[0m" if drawing.colour else heading]
    for number in range(len(rows)):
        texts = [cells[at][number] for at in kept]
        lines.append(_line(texts, kept, columns, widths, colour=drawing.colour))
    crowded_out = [columns[at].name for at in places if at not in widths and any(cells[at])]
    return Table(lines, tuple(crowded_out))


def _shortened(cells: Sequence[str]) -> list[str]:
    forms = short_ids(cells)
    return [forms[each] for each in cells]


def _title(column: Column, width: int) -> str:
    return column.long_title if width_of(column.long_title) <= width else column.title


def _fit(
    columns: Sequence[Column],
    needs: tuple[Sequence[int], Sequence[int]],
    places: Sequence[int],
    drawing: Drawing,
) -> dict[int, int]:
    """Return the width of each column that is kept, by its place.

    `needs` are the widths that show everything, with the long headings and with the short ones.
    """
    natural, uncut = needs
    total = drawing.width or 0
    by_priority = sorted(places, key=lambda at: (columns[at].priority or 0, at))

    def floor(at: int) -> int:
        least = max(columns[at].least, width_of(columns[at].title))
        return min(uncut[at], least) if columns[at].least else uncut[at]

    kept = list(by_priority)
    while len(kept) > 1 and not drawing.keep and _sum(map(floor, kept)) > total:
        kept.pop()
    widths = {at: floor(at) for at in kept}
    # What was named is never left out: it is cut further, the least important first.
    for at in reversed(kept):
        excess = _sum(widths.values()) - total
        if excess > 0 and columns[at].least:
            widths[at] = max(NARROWEST, widths[at] - excess)
    # What is left goes to the most important, first twice their least, then all they can use.
    for share in (2, total):
        for at in kept:
            spare = total - _sum(widths.values())
            wanted = min(natural[at], share * max(columns[at].least, 1))
            widths[at] += max(0, min(spare, wanted - widths[at]))
    return widths


def _sum(widths: Iterable[int]) -> int:
    each = list(widths)
    return sum(each) + len(GAP) * (len(each) - 1)


def _line(
    texts: Sequence[str],
    places: Sequence[int],
    columns: Sequence[Column],
    widths: Mapping[int, int],
    *,
    colour: bool = False,
) -> str:
    parts = []
    for text, at in zip(texts, places, strict=True):
        shown = text if width_of(text) <= widths[at] else columns[at].cut(text, widths[at])
        padding = " " * (widths[at] - width_of(shown))
        code = _STYLES.get(text) if colour else None
        styled = f"\x1b[{code}m{shown}\x1b[0m" if code else shown
        parts.append(padding + styled if columns[at].right else styled + padding)
    return GAP.join(parts).rstrip()
