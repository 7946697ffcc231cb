"""A report as one HTML file: no script, nothing loaded from elsewhere.

It is read by keyboard and by screen reader: a link skips to the content, headings are in order,
each table has a caption and header cells, each chart a text alternative and its table beneath
(WCAG 2.2, 1.1.1, 1.3.1, 2.4.1). A wide table scrolls in a region that takes the focus.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from skyclust.costs.report.page import ReportPage, Section, Table
from skyclust.svg import BLUE, FAINT, GREY, INK, WHITE

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem;
  color: #1f2937; background: #f8fafc; }
a.skip { position: absolute; left: -99rem; } a.skip:focus { left: 1rem; background: #fff; }
h1 { margin-bottom: 0; } .subtitle { color: #475569; margin-top: 0; }
section { background: #fff; border: 1px solid #d1d5db; border-radius: 8px; margin: 1rem 0;
  padding: 0 1rem 1rem; }
section.alert { border-left: 6px solid #be123c; }
figure { margin: 0; } figure svg { display: block; width: 100%; max-width: 60rem; height: auto; }
.table { margin-top: .75rem; max-height: 30rem; overflow: auto; }
.table:focus, a:focus { outline: 3px solid #1d4ed8; }
table { border-collapse: collapse; width: 100%; }
thead th { position: sticky; top: 0; background: #fff; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
caption.repeated { clip-path: inset(50%); height: 1px; overflow: hidden; position: absolute;
  white-space: nowrap; width: 1px; }
th, td { border-bottom: 1px solid #d1d5db; padding: .3rem .6rem; text-align: left; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
@media (prefers-color-scheme: dark) {
  body { color: #e5e7eb; background: #0f172a; } .subtitle { color: #cbd5e1; }
  section, a.skip:focus, thead th { background: #1e293b; border-color: #475569; }
  section.alert { border-left-color: #fb7185; }
  th, td { border-color: #475569; } .table:focus, a:focus { outline-color: #93c5fd; }
  a.skip:focus { color: #93c5fd; }
DARK_CHARTS }
@media print { section { break-inside: avoid; } .table { max-height: none; overflow: visible; } }
"""

_DARK: Final = {
    WHITE: "#1e293b",
    INK: "#e5e7eb",
    FAINT: "#475569",
    GREY: "#94a3b8",
    BLUE: "#60a5fa",
}
"""Colours of charts on a dark page, by those that they are drawn in. They contrast with the card by
4.5 and more where they are read (WCAG 2.2, 1.4.3)."""


def _style() -> str:
    rules = [
        f'  svg [{attribute}="{light}"] {{ {attribute}: {dark}; }}'
        for light, dark in _DARK.items()
        for attribute in ("fill", "stroke")
    ]
    return _STYLE.replace("DARK_CHARTS", "\n".join(rules))


def html_page(page: ReportPage, *, language: str = "en") -> str:
    """Return the report as a complete HTML document."""
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{escape(language)}">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            # Names of clouds' resources are in here: nothing of them may run or be sent.
            '<meta http-equiv="Content-Security-Policy"'
            " content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{escape(page.title)}</title>",
            f"<style>{_style()}</style>",
            "</head>",
            "<body>",
            '<a class="skip" href="#content">Skip to the content</a>',
            f'<header><h1>{escape(page.title)}</h1><p class="subtitle">{escape(page.subtitle)}</p>',
            "</header>",
            '<main id="content">',
            *(line for number, one in enumerate(page.sections) for line in _section(number, one)),
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _section(number: int, section: Section) -> Iterator[str]:
    heading = f"section-{number}"
    kind = ' class="alert"' if section.alert else ""
    yield f'<section{kind} aria-labelledby="{heading}">'
    yield f'<h2 id="{heading}">{escape(section.title)}</h2>'
    for paragraph in section.paragraphs:
        yield f"<p>{escape(paragraph)}</p>"
    if section.svg:
        yield f"<figure>{section.svg}</figure>"
    for table in section.tables:
        yield from _table(table, repeated=table.caption == section.title)
    yield "</section>"


def _table(table: Table, *, repeated: bool) -> Iterator[str]:
    def cell(tag: str, place: int, text: str, scope: str = "") -> str:
        number = ' class="number"' if place in table.numbers else ""
        return f"<{tag}{scope}{number}>{escape(text)}</{tag}>"

    yield f'<div class="table" tabindex="0" role="region" aria-label="{escape(table.caption)}">'
    # Those who see read it in the heading of the section.
    unseen = ' class="repeated"' if repeated else ""
    yield f"<table><caption{unseen}>{escape(table.caption)}</caption><thead><tr>"
    for place, title in enumerate(table.columns):
        yield cell("th", place, title, ' scope="col"')
    yield "</tr></thead><tbody>"
    for row in table.rows:
        first, *others = row
        cells = [cell("th", 0, first, ' scope="row"')]
        cells += [cell("td", place, text) for place, text in enumerate(others, 1)]
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"
    if table.notes:
        yield f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in table.notes)}</ul>"
