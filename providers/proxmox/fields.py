"""Reading the fields of Proxmox VE's replies, whatever JSON type they have.

Perl has no types: the same field is a number in one version and a string in another, and `pvesh`
writes everything as a string. A field that is absent or has another kind of value is None: an
optional field never makes a guest unreadable, and it is never replaced by an invented value.
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
    """Return a string or number as a string; None for an empty one and for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value) or None


def to_number(value: object) -> float | None:
    """Return a finite number, also of a string such as `0.5`; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value.strip()) else None
    if not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None


def to_integer(value: object) -> int | None:
    """Return a whole number, also of a string; None for a fraction and for anything else."""
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
    """Return seconds since 1970 as a time in UTC; None for 0 and for anything else."""
    seconds = to_integer(value)
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):  # outside the range of datetime
        return None


def to_options(value: object) -> dict[str, str]:
    """Return the `key=value` options in a field of a configuration, such as `net0`."""
    return dict(part.partition("=")[::2] for part in (to_text(value) or "").split(",") if part)


def required_text(item: Mapping[str, Any], key: str) -> str:
    """Return a string that Proxmox VE always sends; raises UnexpectedAnswer without it."""
    value = to_text(item.get(key))
    if value is None:
        raise missing(key)
    return value


def required_number(item: Mapping[str, Any], key: str) -> int:
    """Return a number that Proxmox VE always sends; raises UnexpectedAnswer without it."""
    value = to_integer(item.get(key))
    if value is None:
        raise missing(key)
    return value


def required_flag(item: Mapping[str, Any], key: str) -> bool:
    """Return a flag that Proxmox VE always sends; raises UnexpectedAnswer without it."""
    value = item.get(key)
    if not isinstance(value, (bool, int, str)) or value == "":
        raise missing(key)
    return to_flag(value)


def missing(key: str) -> UnexpectedAnswer:
    """Return the error for an item that lacks a field which every item of its kind has."""
    return UnexpectedAnswer(f"It has no {key!r} that can be read.", provider="proxmox")
