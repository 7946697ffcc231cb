"""Small cost frames for tests."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd

from skyclust.costs.analysis.frames import MEASURES

Row = tuple[object, ...]


def frame(dimensions: Sequence[str], *rows: Row) -> pd.DataFrame:
    """Return a cost frame; each row has its dimensions, its currency and its effective cost.

    The billed cost is the effective cost, and neither list nor contracted cost is known.
    """
    full = []
    for row in rows:
        *values, currency, amount = row
        cost = Decimal(str(amount))
        full.append([*values, currency, cost, cost, None, None, None, 1])
    return pd.DataFrame(full, columns=[*dimensions, "currency", *MEASURES], dtype=object)
