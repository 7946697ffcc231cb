"""Numbers with the words that agree with them."""

from __future__ import annotations

import pytest

from skyclust.costs.counting import counted


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 budgets were"),
        (1, "1 budget was"),
        (2, "2 budgets were"),
        (1200, "1,200 budgets were"),
    ],
)
def test_the_words_agree_with_the_number(number: int, text: str) -> None:
    assert counted(number, "budget was", "budgets were") == text
