"""A trend in one line of text, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
GAP: Final = "·"
"""A step whose cost is not known."""


def sparkline(amounts: Sequence[Decimal | None], *, width: int = 40) -> str:
    """Return a character for each amount, from zero (or the least, if negative) to the greatest.

    More amounts than `width` are added up in steps of equal length; a step with a gap in it is a
    gap.
    """
    per_step = -(-len(amounts) // width) if amounts else 1
    steps = [amounts[start : start + per_step] for start in range(0, len(amounts), per_step)]
    sums = [_sum(step) for step in steps]
    known = [amount for amount in sums if amount is not None]
    low, high = min([Decimal(0), *known]), max([Decimal(0), *known])
    return "".join(GAP if amount is None else _block(amount, low, high) for amount in sums)


def _sum(step: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in step if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(step) else None


def _block(amount: Decimal, low: Decimal, high: Decimal) -> str:
    if high == low:
        return _BLOCKS[0]
    return _BLOCKS[int((amount - low) / (high - low) * (len(_BLOCKS) - 1) + Decimal("0.5"))]
