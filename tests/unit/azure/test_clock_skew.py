"""Detection of a wrong clock from the Date header of a response."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from providers.azure.errors import skew_hint


@pytest.mark.parametrize(
    ("date", "hint"),
    [
        ("Thu, 26 Nov 2026 12:00:00 GMT", ""),
        ("Thu, 26 Nov 2026 12:04:00 GMT", ""),
        ("Thu, 26 Nov 2026 11:30:00 GMT", "30 minutes ahead of Azure's"),
        ("Thu, 26 Nov 2026 14:00:00 GMT", "120 minutes behind Azure's"),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_a_wrong_clock_is_reported(date: str, hint: str) -> None:
    now = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    result = skew_hint({"Date": date}, now)
    assert hint in result
    assert bool(result) == bool(hint)
