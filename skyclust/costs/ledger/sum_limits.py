"""Sums of the ledger are exact, so that they have to fit: those that do not are refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from skyclust.errors import InvalidRequest
from skyclust.store.cost_rollups import AMOUNTS
from skyclust.store.decimals import PRECISION, SCALE

LARGEST_SUM: Final = Decimal(10) ** (PRECISION - SCALE)
"""No sum reaches it: an amount of the store has 26 digits before the point."""

HINT: Final = "Look at the rows with the largest amounts: one may have lost its decimal point."


def require_sums(sums: Mapping[str, Mapping[str, str]], what: str) -> None:
    """Raise InvalidRequest for sums by currency and metric of which one is too large."""
    for currency, metrics in sums.items():
        _require(((metric, Decimal(amount)) for metric, amount in metrics.items()), currency, what)


def require_rollup(rows: Iterable[Mapping[str, Any]], what: str) -> None:
    """Raise InvalidRequest for rows of a rollup of which one has an amount that is too large."""
    for row in rows:
        _require(((metric, row[metric]) for metric in AMOUNTS), row["currency"], what)


def _require(amounts: Iterable[tuple[str, Decimal | None]], currency: str, what: str) -> None:
    for metric, amount in amounts:
        if amount is not None and amount.copy_abs() >= LARGEST_SUM:
            raise InvalidRequest(
                f"{what}: its {metric} in {currency} adds up to more than"
                f" {PRECISION - SCALE} digits before the point, which the ledger cannot hold.",
                hint=HINT,
            )
