"""What commands print: results on stdout, for people or for programs; everything else on stderr.

How a list looks is in `table`, `columns` and `cells`, for programs in `machine_formats`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from skyclust.cli.cells import fold, printable, text_of, width_of
from skyclust.cli.columns import Column, as_columns, picked
from skyclust.cli.list_options import Format, ListOptions
from skyclust.cli.machine_formats import csv_text, json_lines, json_text
from skyclust.cli.pager import has_colour, show, terminal_width, write
from skyclust.cli.row_order import Row, sorted_rows
from skyclust.cli.table import GAP, Drawing, draw
from skyclust.errors import SkyClustError
from skyclust.redaction import redact

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "printable",
    "report_error",
    "say",
    "show_list",
    "show_record",
    "show_text",
    "stderr",
]

_NARROWEST_VALUE: Final = 20
"""Columns of a record's values, however narrow the terminal is."""


def show_list(
    rows: Sequence[Row],
    columns: Sequence[Column | str],
    options: ListOptions,
    *,
    title: str = "",
    total: int | None = None,
    next_cursor: str | None = None,
    left_out: int = 0,
    each: Sequence[Row] | None = None,
) -> None:
    """Print rows as the options say.

    A table has these columns, JSON every field of a row, CSV all of these columns. An empty list
    is `[]` as JSON and a sentence on stderr as a table. `total` is how many rows there are, where
    the query returned a part of them, and `next_cursor` leads to the rest; `left_out` are those
    that the rows themselves leave out. `each` are the rows for programs, where a table shows
    fewer that stand for several.
    Raises InvalidRequest for the name of a column that there is not.
    """
    if not options.is_table and each is not None:
        rows = each
    known = as_columns(columns)
    chosen = picked(options.columns, known, rows) if options.columns else None
    if options.sort:
        rows = sorted_rows(rows, options.sort, known)
    there_are = max(total or 0, len(rows) + left_out)
    shown = rows[: options.limit]
    if options.is_table:
        if not rows:
            say(f"{title}: none." if title else "None.")
            return
        _show_table(shown, chosen or known, options, title)
    else:
        _show_for_programs(shown, known, chosen, options.format)
    if there_are > len(shown):
        rest = _rest(there_are, next_cursor) if options.offered else ""
        say(f"{len(shown):,} of {there_are:,} shown.{rest}", style="yellow" if rest else "")


def _rest(there_are: int, next_cursor: str | None) -> str:
    """Return what to add to the command to see the rest."""
    if next_cursor is None:
        return f" All of them: --limit {there_are}."
    return f" All of them: --limit {there_are}. The next ones: --cursor {next_cursor}"


def _show_table(
    rows: Sequence[Row], columns: Sequence[Column], options: ListOptions, title: str
) -> None:
    named = bool(options.columns)
    if not (named or options.wide):
        columns = [column for column in columns if not column.only_wide]
    width = None if options.wide else terminal_width()
    colour = has_colour()
    table = draw(rows, columns, Drawing(width=width, keep=named, colour=colour))
    heading = [_styled(printable(title), "3") if colour else printable(title)] if title else []
    show("\n".join([*heading, *table.lines, ""]), paged=not options.no_pager)
    if table.left_out:
        names = ", ".join(name.replace("_", " ") for name in table.left_out)
        remedy = " --wide shows them, --columns picks them." if options.offered else ""
        say(f"No room for: {names}.{remedy}", style="dim")


def _show_for_programs(
    rows: Sequence[Row],
    columns: Sequence[Column],
    chosen: Sequence[Column] | None,
    format: Format,  # noqa: A002
) -> None:
    if format is Format.CSV:
        write(csv_text(rows, [column.name for column in chosen or columns]))
        return
    if chosen is not None:
        rows = [{column.name: row.get(column.name) for column in chosen} for row in rows]
    write(json_lines(rows) if format is Format.JSONL else json_text([dict(row) for row in rows]))


def show_record(record: Mapping[str, object], *, as_json: bool, title: str = "") -> None:
    """Print one record: its fields with their values, or a JSON object."""
    if as_json:
        write(json_text(dict(record)))
        return
    colour = has_colour()
    names = [printable(name.replace("_", " ")) for name in record]
    indent = max(map(width_of, names), default=0)
    width = terminal_width()
    lines = [_styled(printable(title), "3") if colour else printable(title)] if title else []
    for name, value in zip(names, record.values(), strict=True):
        text = text_of(value)
        room = None if width is None else max(width - indent - len(GAP), _NARROWEST_VALUE)
        first, *more = [text] if room is None else fold(text, room)
        padded = name + " " * (indent - width_of(name))
        lines.append(f"{_styled(padded, '1') if colour else padded}{GAP}{first}".rstrip())
        lines += [" " * (indent + len(GAP)) + line for line in more]
    write("\n".join([*lines, ""]))


def show_text(text: str) -> None:
    """Print lines as they are, but for what a terminal would obey."""
    lines = printable(text.replace("\r\n", "\n"), keep="\n\t")
    write(lines if lines.endswith("\n") else f"{lines}\n")


_SAID: Final = {"dim": "2", "red": "31", "green": "32", "yellow": "33"}
"""SGR codes (ECMA-48) of the styles of `say`."""


def say(message: str, *, style: str = "") -> None:
    """Print a line for people on stderr, where it never mixes with a result."""
    text = printable(message, keep="\n")
    if style in _SAID and has_colour(sys.stderr):
        text = _styled(text, _SAID[style])
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stderr.flush()


def report_error(error: SkyClustError) -> None:
    """Print what happened, and what to do about it, on stderr."""
    say(f"Error: {redact(error.message)}", style="red")
    if error.hint:
        say(redact(error.hint))


def stderr() -> Console:
    """Return the console of everything that is not a result."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False)


def _styled(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"
