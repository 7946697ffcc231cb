"""What commands print: results on stdout, as a table or as JSON; everything else on stderr.

Names, tags and errors come from clouds, where anybody may have written them. In a table
they are shown as plain text: no markup, and no control character that a terminal would obey.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from skyclust.errors import SkyClustError
from skyclust.redaction import redact

WIDE: Final = 10_000
"""Columns of a table that goes to a file or a pipe: nothing is cut or folded there."""

_STYLES: Final = {
    "running": "green",
    "succeeded": "green",
    "fresh": "green",
    "stale": "yellow",
    "pending": "yellow",
    "needs-attention": "red",
    "abandoned": "yellow",
    "cancelled": "yellow",
    "failed": "red",
    "error": "red",
}


def show_list(
    rows: Sequence[Mapping[str, object]],
    columns: Sequence[str],
    *,
    as_json: bool,
    title: str = "",
    most: int | None = None,
    left_out: int = 0,
) -> None:
    """Print rows: as a table of these columns, or as a JSON array with every field.

    An empty list is `[]` as JSON and a sentence on stderr as a table. A table has at most
    `most` rows, and stderr tells how many more there are; JSON has all of them. `left_out` are
    those that the rows themselves leave out.
    """
    if as_json:
        _print_json([dict(row) for row in rows])
        return
    if not rows:
        say(f"{title}: none." if title else "None.")
        return
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows[:most]:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    _stdout().print(table)
    hidden = left_out + (max(len(rows) - most, 0) if most is not None else 0)
    if hidden:
        say(f"{hidden} more are not shown.")


def show_record(record: Mapping[str, object], *, as_json: bool, title: str = "") -> None:
    """Print one record: a line a field, or a JSON object."""
    if as_json:
        _print_json(dict(record))
        return
    table = Table(title=title or None, title_justify="left", show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in record.items():
        table.add_row(name.replace("_", " "), _cell(value))
    _stdout().print(table)


def show_text(text: str) -> None:
    """Print lines as they are, but for what a terminal would obey."""
    lines = printable(text.replace("\r\n", "\n"), keep="\n\t")
    sys.stdout.write(lines if lines.endswith("\n") else f"{lines}\n")


def say(message: str, *, style: str = "") -> None:
    """Print a line for people on stderr, where it never mixes with a result."""
    stderr().print(Text(printable(message, keep="\n"), style=style), soft_wrap=True)


def report_error(error: SkyClustError) -> None:
    """Print what happened, and what to do about it, on stderr."""
    say(f"Error: {redact(error.message)}", style="red")
    if error.hint:
        say(redact(error.hint))


def printable(text: str, *, keep: str = "") -> str:
    """Return the text with every character that steers a terminal written as its escape.

    These are the control characters (ESC and the eight-bit CSI among them), the invisible
    format characters, by which text can be made to read backwards, and lone surrogates
    (Unicode categories Cc, Cf, Cs). Those in `keep` stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character in keep or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def stderr() -> Console:
    """Return the console of everything that is not a result."""
    return Console(stderr=True, highlight=False, markup=False)


def _stdout() -> Console:
    width = None if sys.stdout.isatty() else WIDE
    return Console(highlight=False, markup=False, width=width)


def _cell(value: object) -> Text:
    text = printable(_text(value))
    return Text(text, style=_STYLES.get(text, ""))


def _text(value: object) -> str:
    """Return a value as people read it in a table."""
    if value is None or isinstance(value, bool):
        return {None: "", True: "yes", False: "no"}[value]
    if isinstance(value, datetime):
        # To the second: the store keeps the microseconds, and JSON shows them.
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_text(one)}" for key, one in sorted(value.items()))
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(_text(one) for one in value)
    return str(value.value if isinstance(value, Enum) else value)


def _print_json(content: object) -> None:
    # ASCII: safe for any terminal and any locale; a reader of JSON sees the same text.
    json.dump(content, sys.stdout, indent=2, default=_plain)
    sys.stdout.write("\n")


def _plain(value: object) -> object:
    """Return a value that json does not know as one that it does."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    return str(value)
