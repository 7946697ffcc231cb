"""Values as plain text for a terminal: what they say, how wide they are, how they are cut.

Names, tags and errors come from clouds, where anybody may have written them. They are shown as
plain text: no markup, and no control character that a terminal would obey.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Final

ELLIPSIS: Final = "…"


def printable(text: str, *, keep: str = "") -> str:
    """Return the text with every character that steers a terminal written as its escape.

    These are the control characters (ESC and the eight-bit CSI among them), the invisible
    format characters, by which text can be made to read backwards, line and paragraph
    separators, and lone surrogates (Unicode categories Cc, Cf, Zl, Zp, Cs). Those in `keep` stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character in keep or unicodedata.category(character) not in _STEERING
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


_STEERING: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def text_of(value: object) -> str:
    """Return a value as people read it in a table, on one line."""
    return printable(_text(value))


def _text(value: object) -> str:
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


def width_of(text: str) -> int:
    """Return the columns of a terminal that a text takes: a wide character takes two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut_end(text: str, width: int) -> str:
    """Return the text, its end replaced by an ellipsis where it is wider than `width` columns."""
    if width_of(text) <= width:
        return text
    return text[: _length(text, width - 1)].rstrip() + ELLIPSIS


def cut_middle(text: str, width: int) -> str:
    """Return the text, its middle replaced by an ellipsis where it is wider than `width` columns.

    For ids and addresses, which differ at their ends.
    """
    if width_of(text) <= width:
        return text
    end = text[len(text) - _length(text[::-1], (width - 1) // 2) :]
    return text[: _length(text, width - 1 - width_of(end))] + ELLIPSIS + end


def cut_list(text: str, width: int) -> str:
    """Return `first, second +3` for a list with commas that is wider than `width` columns."""
    if width_of(text) <= width:
        return text
    items = text.split(", ")
    for shown in range(len(items) - 1, 0, -1):
        shorter = f"{', '.join(items[:shown])} +{len(items) - shown}"
        if width_of(shorter) <= width:
            return shorter
    more = f" +{len(items) - 1}" if len(items) > 1 else ""
    return cut_end(items[0], width - len(more)) + more


def fold(text: str, width: int) -> list[str]:
    """Return the text as lines of at most `width` columns, broken between words.

    A longer word has a line of its own: a path or URL must stay whole to be copied, and a terminal
    that wraps it copies it whole.
    """
    first, *words = text.split(" ")
    lines = [first]
    for word in words:
        if width_of(lines[-1]) + 1 + width_of(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _length(text: str, width: int) -> int:
    """Return how many characters of a text fit in `width` columns."""
    if width <= 0:
        return 0
    longest = min(len(text), 2 * width)  # some characters take no column
    if text.isascii():
        return min(len(text), width)
    return bisect_right(range(longest), width, key=lambda end: width_of(text[: end + 1]))
