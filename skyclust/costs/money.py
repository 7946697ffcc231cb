"""How amounts of money are written for people; programs get the exact decimal text."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from skyclust.costs.exact import EXACT

CENT: Final = Decimal("0.01")
UNKNOWN: Final = "unknown"


def money_text(amount: Decimal | None, currency: str = "") -> str:
    """Return an amount with two digits behind the point, `1,234.50 EUR`; None is `unknown`.

    An amount that rounds to zero and is not zero is shown as less than a cent.
    """
    if amount is None:
        return UNKNOWN
    rounded = amount.quantize(CENT, rounding=ROUND_HALF_EVEN, context=EXACT)
    if rounded == 0 and amount != 0:
        number = "<0.01" if amount > 0 else ">-0.01"
    else:
        number = f"{rounded:,.2f}"
    return f"{number} {currency}".strip()


def percent_text(percent: Decimal | None) -> str:
    """Return a percentage, `12.5 %`; None is an empty text."""
    return "" if percent is None else f"{percent:,.1f} %"


def change_text(change: Decimal, currency: str = "") -> str:
    """Return a difference with its sign."""
    sign = "+" if change > 0 else ""
    return f"{sign}{money_text(change, currency)}"


def exact_text(amount: Decimal | None) -> str | None:
    """Return an amount as a decimal text without exponent and without trailing zeros, for JSON."""
    if amount is None:
        return None
    text = f"{amount:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def by_currency(amounts: Mapping[str, Decimal]) -> str:
    """Return amounts of several currencies side by side, `12.00 EUR + 3.00 USD`."""
    return " + ".join(money_text(amount, currency) for currency, amount in sorted(amounts.items()))
