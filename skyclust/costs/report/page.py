"""A report as plain data: sections of text, a chart, and the table of the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """A table: its caption, its column titles, its rows of texts.

    Columns of `numbers` (by position) are aligned to the right. `notes` are sentences on what the
    table lacks, a list below it.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Section:
    """A part of a report. `svg` is a picture whose content `words` and the tables have as well.

    A section of `alert` holds what a person has to see first.
    """

    title: str
    paragraphs: Sequence[str] = ()
    svg: str = ""
    words: str = ""
    tables: Sequence[Table] = ()
    alert: bool = False


@dataclass(frozen=True)
class ReportPage:
    """A whole report; `subtitle` names its subject and its range of days."""

    title: str
    subtitle: str
    sections: Sequence[Section] = field(default=())
