"""Clocks and waits in what Azure answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from providers.azure.errors import retry_after_seconds, skew_hint


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
def test_a_clock_that_is_wrong_is_named(date: str, hint: str) -> None:
    now = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    told = skew_hint({"Date": date}, now)
    assert hint in told
    assert bool(told) == bool(hint)


@pytest.mark.parametrize("written", ["\u00b2", "1e9", "-1", "soon", "9" * 40, "Mon, 99 Xyz"])
def test_a_wait_that_is_no_number_is_none(written: str) -> None:
    now = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    assert retry_after_seconds({"Retry-After": written}, now) is None
