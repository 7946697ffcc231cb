"""The Retry-After header, in each of its forms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from skyclust.providerkit.retry_after import http_date, retry_after_seconds

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MILLISECONDS = ("retry-after-ms", "x-ms-retry-after-ms")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("17", 17),
        (" 17 ", 17),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30),
        ("Sun, 01 Mar 2026 13:00:30 +0100", 30),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("Sun, 01 Mar 2026 12:00:05 -0000", 5),  # parsed without a time zone
    ],
)
def test_seconds_and_dates_are_read(value: str, seconds: float) -> None:
    for name in ("Retry-After", "retry-after", "RETRY-AFTER"):
        assert retry_after_seconds({name: value}, NOW) == seconds


@pytest.mark.parametrize(
    "value", ["", "soon", "-1", "1.5", "²", "٣", "9" * 400, "Sun, 01 Mar 99999 12:00:30 GMT"]
)
def test_an_unreadable_header_is_ignored(value: str) -> None:
    assert retry_after_seconds({"Retry-After": value}, NOW) is None
    assert retry_after_seconds({}, NOW) is None


def test_a_header_in_milliseconds_is_read_first() -> None:
    headers = {"X-MS-Retry-After-MS": "1500", "Retry-After": "2"}
    assert retry_after_seconds(headers, NOW, milliseconds=MILLISECONDS) == 1.5
    assert retry_after_seconds(headers, NOW) == 2
    headers["x-ms-retry-after-ms"] = headers.pop("X-MS-Retry-After-MS").replace("1500", "soon")
    assert retry_after_seconds(headers, NOW, milliseconds=MILLISECONDS) == 2


def test_a_date_is_returned_in_utc() -> None:
    date = http_date("Sun, 01 Mar 2026 13:00:00 +0100")
    assert date == NOW
    assert date is not None
    assert date.tzinfo is UTC
    assert http_date("yesterday") is None
