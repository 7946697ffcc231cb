"""The brake: a delivery that would remove much of a closed period is not applied."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from skyclust.errors import BrakeEngaged
from skyclust.store.cost_slices import Slice

OPEN_AFTER_END: Final = timedelta(days=14)
"""AWS changes a month for up to two weeks after its end
(https://docs.aws.amazon.com/cur/latest/userguide/what-is-data-exports.html); a period that ended
longer ago counts as closed, whatever its source states."""


def is_closed(period_end: date, *, provisional: bool, at: datetime) -> bool:
    """Return whether a period is closed: its source calls it final, or it ended two weeks ago."""
    return not provisional or at.date() > period_end + OPEN_AFTER_END


def check_brake(
    before: Sequence[Slice],
    after: Sequence[Slice],
    *,
    what: str,
    closed: bool,
    empty: bool,
    share: float,
) -> None:
    """Raise BrakeEngaged when a period would lose more than a share of rows or of billed cost.

    Looked at are closed periods, and every period for a delivery without any row (`empty`), since
    an empty answer is no proof that nothing costs. Rows or amounts that grow are no loss; of each
    currency the billed cost counts by itself. `what` names the delivery in the error.
    """
    if not closed and not empty:
        return
    lost = _lost(_rows(before), _rows(after))
    if lost > share or (empty and lost > 0):
        raise _brake(what, f"{lost:.0%} of the rows", empty=empty)
    remaining = _billed(after)
    for currency, amount in _billed(before).items():
        lost = _lost(abs(amount), remaining.get(currency, Decimal(0)) * _sign(amount))
        if lost > share:
            raise _brake(what, f"{lost:.0%} of the billed cost in {currency}", empty=empty)


def _brake(what: str, lost: str, *, empty: bool) -> BrakeEngaged:
    reason = "has no rows and would remove" if empty else "would remove"
    return BrakeEngaged(
        f"{what} {reason} {lost} that the ledger has of the period. Nothing was changed.",
        hint="Look at the source. If it is right, apply it once with mass withdrawal allowed.",
    )


def _lost(before: Decimal | int, after: Decimal | int) -> float:
    return float((before - after) / before) if before > 0 else 0.0


def _sign(amount: Decimal) -> int:
    return -1 if amount < 0 else 1


def _rows(slices: Sequence[Slice]) -> int:
    return sum(each.rows for each in slices)


def _billed(slices: Sequence[Slice]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for each in slices:
        for currency, metrics in each.sums.items():
            amount = Decimal(metrics.get("billed_cost", "0"))
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    return sums
