"""What Proxmox VE's values mean, however they are written.

Perl knows no types: the same field comes as a number from one version and as a text from
another, and `pvesh` writes everything as text. What is absent, or is nothing of its kind, is
None: an optional field never makes a machine unreadable, and nothing is made up in its place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from skyclust.errors import UnexpectedAnswer

_INTEGER: Final = re.compile(r"[+-]?\d{1,18}")
_NUMBER: Final = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?")

# PVE::JSONSchema, parse_boolean
_TRUE: Final = frozenset({"1", "on", "yes", "true"})


def to_text(value: object) -> str | None:
    """Return a text, also of a number; None for an empty one and for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value) or None


def to_number(value: object) -> float | None:
    """Return a finite number, also from a text such as `0.5`; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value.strip()) else None
    if not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None


def to_integer(value: object) -> int | None:
    """Return a whole number, also from a text; None for a fraction and for anything else."""
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = to_number(value)
    return int(number) if number is not None and number.is_integer() else None


def to_flag(value: object) -> bool:
    """Return whether a flag is set: `1`, `"1"` and `true` are, `"0"` and what is absent are not."""
    return str(value).lower() in _TRUE


def to_time(value: object) -> datetime | None:
    """Return seconds since 1970 as a time in UTC; None for none, 0 included."""
    seconds = to_integer(value)
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):  # beyond what a date can be
        return None


def options_of(value: object) -> dict[str, str]:
    """Return the options of a configuration's value, such as that of a network card."""
    return dict(part.partition("=")[::2] for part in (to_text(value) or "").split(",") if part)


def required_text(item: Mapping[str, Any], key: str) -> str:
    """Return a text that Proxmox VE always sends; raises UnexpectedAnswer without it."""
    found = to_text(item.get(key))
    if found is None:
        raise missing(key)
    return found


def required_number(item: Mapping[str, Any], key: str) -> int:
    """Return a number that Proxmox VE always sends; raises UnexpectedAnswer without it."""
    found = to_integer(item.get(key))
    if found is None:
        raise missing(key)
    return found


def required_flag(item: Mapping[str, Any], key: str) -> bool:
    """Return a flag that Proxmox VE always sends; raises UnexpectedAnswer without it."""
    found = item.get(key)
    if not isinstance(found, (bool, int, str)) or found == "":
        raise missing(key)
    return to_flag(found)


def missing(key: str) -> UnexpectedAnswer:
    """Return the error for something that has not what everything of its kind has."""
    return UnexpectedAnswer(f"It has no {key!r} that can be read.", provider="proxmox")
