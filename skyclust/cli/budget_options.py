"""The thresholds and filters of a budget, from its options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skyclust.cli.cost_options import parse_where
from skyclust.cli.inputs import parse_decimal
from skyclust.errors import InvalidRequest


def threshold_of(kind: str, percent: str) -> dict[str, Any]:
    """Return a threshold; raises InvalidRequest that names its option for a wrong percentage."""
    from skyclust.model.budget import LARGEST_PERCENT, PERCENT_DIGITS

    number = parse_decimal(percent, f"--{kind}")
    if not 0 < number <= LARGEST_PERCENT or -int(number.as_tuple().exponent) > PERCENT_DIGITS:
        raise InvalidRequest(
            f"--{kind}: {percent!r} is no percentage of a budget.",
            hint=f"It is more than 0 and at most {LARGEST_PERCENT}, with at most"
            f" {PERCENT_DIGITS} digits behind the point.",
        )
    return {"kind": kind, "percent": number}


def filters_of(where: Sequence[str] | None) -> dict[str, Sequence[str | None]]:
    """Return the filters of --where; raises InvalidRequest for one that accepts no value."""
    filters = dict(parse_where(where))
    unnamed = sorted(name for name, values in filters.items() if None in values)
    if unnamed:
        raise InvalidRequest(
            f"--where: a budget cannot count costs without a value, as {unnamed[0]}= would.",
            hint=f"Name the values to count: --where {unnamed[0]}=VALUE.",
        )
    return dict(filters)
