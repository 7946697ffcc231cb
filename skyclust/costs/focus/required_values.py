"""Values without which a row has no amount or no place in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from skyclust.costs.focus.values import Place
from skyclust.errors import InvalidRequest

NEVER_NULL: Final = (
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodStart",
    "ChargePeriodStart",
)
"""Columns that have a value in every row."""

PERIODS: Final = (
    ("BillingPeriodStart", "BillingPeriodEnd"),
    ("ChargePeriodStart", "ChargePeriodEnd"),
)
"""The columns of each period: its end is exclusive (FOCUS 1.2, glossary, "exclusive bound")."""

_HINT: Final = "Correct the source's export; nothing of its delivery was imported."


def refuse_missing_values(
    columns: Mapping[str, Any], delivered: Mapping[str, str], origin: str, first_row: int
) -> None:
    """Raise InvalidRequest for the first row that lacks a value of NEVER_NULL.

    An account of spaces alone is none.
    """
    for name in NEVER_NULL:
        missing = columns[name].is_null()
        if pa.types.is_string(columns[name].type):
            missing = pc.or_kleene(missing, pc.utf8_is_space(columns[name]))
        index = _first(missing)
        if index is not None:
            raise InvalidRequest(
                f"{origin}: row {first_row + index}, column {delivered.get(name, name)} is empty.",
                hint="Each FOCUS row has an account, a currency, a billing period, a charge period"
                " and a billed cost; a charge of nothing has the cost 0.",
            )


def refuse_reversed_periods(
    columns: Mapping[str, Any], delivered: Mapping[str, str], origin: str, first_row: int
) -> None:
    """Raise InvalidRequest for the first row whose billing or charge period ends before it begins.

    One whose end is not known, or is its begin, stays: sources have charges of one instant.
    """
    for start, end in PERIODS:
        index = _first(pc.less(columns[end], columns[start]))
        if index is not None:
            place = Place(origin, delivered.get(end, end), first_row)
            begin, finish = columns[start][index].as_py(), columns[end][index].as_py()
            reason = f"is before {delivered.get(start, start)}, {begin.isoformat()}"
            raise place.refusal(index, finish.isoformat(), reason, _HINT)


def _first(mask: Any) -> int | None:
    """Return the index of the first true value, None where there is none."""
    index: int = pc.index(mask, pa.scalar(value=True)).as_py()
    return index if index >= 0 else None
