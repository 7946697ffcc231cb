"""Three-way merge: what is declared, what the server has, and what was applied last.

What the server has differs from what was applied last only when somebody changed it, and then
theirs stays. What nobody changed follows the declaration.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

_DIGITS: Final = 16
"""Hexadecimal digits of a digest that are kept: 64 bits, to tell a value from another one."""

Pair = tuple[str, str]
"""Digests of a value that was applied: as it was declared, and as the server gave it back."""


@dataclass(frozen=True)
class Merge:
    """What follows from a merge: what to write, and which fields stay as somebody changed them."""

    changes: dict[str, Any]
    kept: tuple[str, ...]


def digest(value: object) -> str:
    """Return what tells a value from others: equal for equal values, sets without an order."""
    canonical = json.dumps(_ordered(value), sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:_DIGITS]


def merge(
    declared: Mapping[str, Any],
    present: Mapping[str, Any],
    applied: Mapping[str, Pair],
    *,
    reset: bool = False,
) -> Merge:
    """Return what to do about each declared field of one object.

    A field that was never applied here is somebody's where it holds anything. With `reset`
    every field becomes what is declared.
    """
    changes: dict[str, Any] = {}
    kept: list[str] = []
    for field, wanted in declared.items():
        found = present.get(field)
        if digest(found) == digest(wanted):
            continue
        before = applied.get(field)
        if reset:
            # The server may write a value in a way of its own: then it is as declared already.
            if before != (digest(wanted), digest(found)):
                changes[field] = wanted
        elif before is None:
            if found in (None, "", [], {}):
                changes[field] = wanted
            else:
                kept.append(field)
        elif before[1] != digest(found):
            kept.append(field)
        elif before[0] != digest(wanted):
            changes[field] = wanted
    return Merge(changes, tuple(kept))


def pairs(
    declared: Mapping[str, Any],
    written: Mapping[str, Any],
    applied: Mapping[str, Pair],
    kept: Sequence[str],
) -> dict[str, Pair]:
    """Return what was applied by now; `written` is what the server has after the changes.

    Of a field that was kept it remains what was applied before somebody changed it.
    """
    fresh = {
        field: (digest(wanted), digest(written.get(field)))
        for field, wanted in declared.items()
        if field not in kept
    }
    return fresh | {field: applied[field] for field in kept if field in applied}


def merge_names(
    declared: Sequence[str],
    present: Sequence[str],
    applied: Sequence[str] | None,
    *,
    reset: bool = False,
) -> list[str]:
    """Return the names that an object is to have: ours as declared, and what people made of them.

    Names that people added stay, and so do the gaps of those that they removed.
    """
    if reset:
        return list(declared)
    before = set() if applied is None else set(applied)
    gone = before - set(declared)
    new = [name for name in declared if name not in before and name not in present]
    return [name for name in present if name not in gone] + new


def _ordered(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _ordered(one) for key, one in value.items()}
    if isinstance(value, AbstractSet):
        return sorted((_ordered(one) for one in value), key=str)
    if isinstance(value, (list, tuple)):
        return [_ordered(one) for one in value]
    return value
