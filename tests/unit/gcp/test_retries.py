"""Calls are retried a few times, within the time that a caller waits."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import requests
from google.api_core.exceptions import NotFound as Gone
from google.api_core.exceptions import ServiceUnavailable, TooManyRequests

from providers.gcp.retries import ATTEMPTS, MAX_DELAY_SECONDS, with_retries, without_retries
from skyclust.errors import (
    NotFound,
    SkyClustError,
    Throttled,
    Timeout,
    Unavailable,
    UnexpectedAnswer,
)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The delays between attempts, in seconds."""
    delays: list[float] = []
    monkeypatch.setattr("providers.gcp.retries.time", SimpleNamespace(sleep=delays.append))
    return delays


def _throttle(seconds: str) -> TooManyRequests:
    response = requests.Response()
    response.headers["Retry-After"] = seconds
    return TooManyRequests("slow down", response=response)


def test_a_transient_failure_is_retried(pauses: list[float]) -> None:
    replies: list[Exception | str] = [ServiceUnavailable("down"), _throttle("1"), "there"]

    def call() -> str:
        reply = replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    assert with_retries(call, "do it") == "there"
    assert len(pauses) == 2
    assert pauses[1] >= 1.0


@pytest.mark.parametrize(
    ("error", "expected", "attempts"),
    [
        (ServiceUnavailable("down"), Unavailable, ATTEMPTS),
        (_throttle("600"), Throttled, ATTEMPTS),
        (requests.exceptions.ConnectionError("refused"), Unavailable, ATTEMPTS),
        (requests.exceptions.ReadTimeout("slow"), Timeout, 1),
        (requests.exceptions.ConnectTimeout("silent"), Timeout, 1),
        (Gone("gone"), NotFound, 1),
        (AttributeError("'NoneType' object has no attribute 'get'"), UnexpectedAnswer, 1),
    ],
)
def test_a_permanent_failure_is_raised_after_bounded_retries(
    pauses: list[float], error: Exception, expected: type[SkyClustError], attempts: int
) -> None:
    made: list[int] = []

    def call() -> None:
        made.append(1)
        raise error

    with pytest.raises(expected) as raised:
        with_retries(call, "do it")
    assert raised.value.__cause__ is error
    assert len(made) == attempts
    assert len(pauses) == attempts - 1
    assert sum(pauses) <= ATTEMPTS * MAX_DELAY_SECONDS


@pytest.mark.parametrize("error", [ServiceUnavailable("down"), _throttle("1")])
def test_a_call_without_retries_is_sent_once(pauses: list[float], error: Exception) -> None:
    made: list[int] = []

    def call() -> None:
        made.append(1)
        raise error

    with pytest.raises((Throttled, Unavailable)):
        without_retries(call, "do it")
    assert (len(made), pauses) == (1, [])
