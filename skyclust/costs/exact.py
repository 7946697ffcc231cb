"""Arithmetic with amounts that a context of 28 digits, Python's own, would round or refuse."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context
from typing import Final

EXACT: Final = Context(prec=100, rounding=ROUND_HALF_EVEN)
"""Holds every sum of the ledger, of 38 digits, and its products and parts."""
