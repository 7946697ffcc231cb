"""Numbers with their nouns, for the sentences that people read."""

from __future__ import annotations


def counted(number: int, one: str, many: str) -> str:
    """Return a number with the words that agree with it: `1 budget was`, `1,200 budgets were`."""
    return f"{number:,} {one if number == 1 else many}"
