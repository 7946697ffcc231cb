"""Numbers of days in words, with the grammar of one and of many."""

from __future__ import annotations


def days_text(number: int) -> str:
    """Return a number of days: "1 day", "2 days"."""
    return f"{number} day{'' if number == 1 else 's'}"


def days_are(number: int) -> str:
    """Return a number of days as the subject of a sentence: "1 day is", "2 days are"."""
    return f"{days_text(number)} {'is' if number == 1 else 'are'}"
