"""Cost frames: sums of the ledger by some dimensions, and how they are added exactly.

A cost frame is a pandas frame with a column for each dimension (text or None; `day` and `month`
are dates), then `currency`, the amounts, and `rows`. Amounts are Decimal objects; `list_cost`,
`contracted_cost` and `savings` are None where they are not known. Amounts of two currencies are
never added: every sum here is by currency as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

import pandas as pd

from skyclust.costs.exact import EXACT
from skyclust.errors import InvalidRequest

AMOUNTS: Final = ("billed_cost", "effective_cost", "list_cost", "contracted_cost", "savings")
"""The columns with amounts. The first two are always known."""

Record: TypeAlias = dict[str, Any]
"""One row of a frame: its values by column."""

MEASURES: Final = (*AMOUNTS, "rows")


def dimensions_of(frame: pd.DataFrame) -> list[str]:
    """Return the dimensions of a frame, in its order."""
    return [name for name in frame.columns if name not in {"currency", *MEASURES}]


def sum_by(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the frame summed by some of its dimensions and by currency, sorted by them.

    A dimension without a value (None) is a group of its own. An amount is None where no row of the
    group has it. Raises InvalidRequest for a dimension that the frame does not have.
    """
    unknown = sorted(set(by) - set(dimensions_of(frame)))
    if unknown:
        raise InvalidRequest(f"The costs have no dimension {', '.join(unknown)}.")
    keys = [*by, "currency"]
    # A loop over plain values: pandas has no exact sum of Decimal objects that may be unknown, and
    # its groups cost more than the loop.
    sums: dict[tuple[object, ...], list[Any]] = {}
    for values in records(frame, [*keys, *MEASURES]):
        key = tuple(values[name] for name in keys)
        amounts = [values[name] for name in MEASURES]
        before = sums.get(key)
        sums[key] = amounts if before is None else list(map(_added, before, amounts))
    ordered = sorted(sums.items(), key=lambda item: list(map(sort_key, item[0])))
    rows = [[*key, *amounts] for key, amounts in ordered]
    return pd.DataFrame(rows, columns=[*keys, *MEASURES], dtype=object)


def records(frame: pd.DataFrame, columns: Sequence[str] | None = None) -> Iterator[Record]:
    """Yield the rows of a frame as plain values by column; a missing value is None."""
    names = list(frame.columns if columns is None else columns)
    for values in zip(*(frame[name] for name in names), strict=True):
        yield {name: _plain(value) for name, value in zip(names, values, strict=True)}


def sort_key(value: object) -> tuple[bool, str]:
    """Return a key that sorts the values of a dimension, None last."""
    return (value is None, "" if value is None else str(value))


def add_known(values: Iterable[Any]) -> Decimal | None:
    """Return the exact sum of the values that are known; None when none is."""
    total: Decimal | None = None
    for value in values:
        total = _added(total, _plain(value))
    return total


def share(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return a part in percent of the whole, to one digit behind the point; None of zero."""
    if whole == 0:
        return None
    return (part / whole * 100).quantize(Decimal("0.1"), context=EXACT)


def _added(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _plain(value: Any) -> Any:
    return None if value is None or value is pd.NaT or value != value else value  # noqa: PLR0124  # NaN
