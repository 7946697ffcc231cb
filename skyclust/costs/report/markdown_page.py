"""A report as Markdown, for an artifact in the Prefect UI."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from typing import Final

from skyclust.costs.report.page import ReportPage, Section, Table

MOST_TABLE_ROWS: Final = 40
"""Rows of one table: an artifact is for reading, the HTML report has all of them."""


def markdown_page(page: ReportPage) -> str:
    """Return the report as Markdown with its charts as pictures in it."""
    lines = [f"# {_escaped(page.title)}", "", _escaped(page.subtitle), ""]
    for section in page.sections:
        lines += [*_section(section), ""]
    return "\n".join(lines).rstrip() + "\n"


def _section(section: Section) -> Iterator[str]:
    yield f"## {_escaped(section.title)}"
    for paragraph in section.paragraphs:
        yield ""
        yield _escaped(paragraph)
    if section.svg:
        data = base64.b64encode(section.svg.encode()).decode()
        yield ""
        yield f"![{_escaped(section.words)}](data:image/svg+xml;base64,{data})"
    for table in section.tables:
        yield ""
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    yield f"**{_escaped(table.caption)}**"
    yield ""
    yield _row(table.columns)
    yield _row(
        ["---:" if place in table.numbers else "---" for place in range(len(table.columns))],
        escape=False,
    )
    for row in table.rows[:MOST_TABLE_ROWS]:
        yield _row(row)
    left_out = len(table.rows) - MOST_TABLE_ROWS
    if left_out > 0:
        yield ""
        yield f"{left_out} more rows are left out here; `skyclust cost report` writes all."
    if table.notes:
        yield ""
        yield from (f"- {_escaped(note)}" for note in table.notes)


def _row(cells: Sequence[str], *, escape: bool = True) -> str:

    return "| " + " | ".join(map(_escaped, cells) if escape else cells) + " |"


def _escaped(text: str) -> str:
    one_line = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", one_line)
