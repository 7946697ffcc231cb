"""The four cost columns of FOCUS."""

from __future__ import annotations

from enum import StrEnum


class CostMetric(StrEnum):
    """Which of the four cost columns of FOCUS an amount is."""

    BILLED = "billed_cost"
    EFFECTIVE = "effective_cost"
    LIST = "list_cost"
    CONTRACTED = "contracted_cost"
