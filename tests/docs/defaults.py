"""How the reference shows a default: as people type it, and never as Python prints it."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Final

from pydantic.fields import FieldInfo

EMPTY: Final = "empty"


def default_of(field: FieldInfo) -> str:
    """Return the cell of a table about a field: its default in Markdown, or that it is required."""
    if field.is_required():
        return "required"
    return shown(field.get_default(call_default_factory=True, validated_data={}))


def shown(value: object) -> str:
    """Return a value in Markdown: `true`, `60`, `default`; "empty" for every kind of nothing."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Path):
        home = Path.home()
        value = f"~/{value.relative_to(home)}" if value.is_relative_to(home) else str(value)
    if isinstance(value, int | float):
        return f"`{value:g}`"
    if isinstance(value, tuple | list | frozenset | set):
        return ", ".join(sorted(map(shown, value))) or EMPTY
    return f"`{value}`" if value else EMPTY
