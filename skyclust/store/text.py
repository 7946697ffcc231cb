"""Text that every engine can store."""

from __future__ import annotations


def storable(text: str) -> str:
    """Return the text with the characters replaced that PostgreSQL cannot store.

    These are NUL and halves of surrogate pairs
    (https://www.postgresql.org/docs/15/datatype-character.html). For text that only people read,
    such as errors; a name or an id must be refused instead.
    """
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
