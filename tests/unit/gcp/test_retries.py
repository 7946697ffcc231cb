"""A call is attempted a few times, and no longer than somebody waits for it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import requests
from google.api_core.exceptions import NotFound as Gone
from google.api_core.exceptions import ServiceUnavailable, TooManyRequests

from providers.gcp.retries import ATTEMPTS, LONGEST_PAUSE_SECONDS, attempted, attempted_once
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
    """The seconds that were waited between attempts."""
    waited: list[float] = []
    monkeypatch.setattr("providers.gcp.retries.time", SimpleNamespace(sleep=waited.append))
    return waited


def _throttle(seconds: str) -> TooManyRequests:
    response = requests.Response()
    response.headers["Retry-After"] = seconds
    return TooManyRequests("slow down", response=response)


def test_a_service_that_comes_back_is_not_noticed(pauses: list[float]) -> None:
    answers: list[Exception | str] = [ServiceUnavailable("down"), _throttle("1"), "there"]

    def call() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert attempted(call, "do it") == "there"
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
def test_what_does_not_pass_is_told_in_bounded_time(
    pauses: list[float], error: Exception, expected: type[SkyClustError], attempts: int
) -> None:
    made: list[int] = []

    def call() -> None:
        made.append(1)
        raise error

    with pytest.raises(expected) as raised:
        attempted(call, "do it")
    assert raised.value.__cause__ is error
    assert len(made) == attempts
    assert len(pauses) == attempts - 1
    assert sum(pauses) <= ATTEMPTS * LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize("error", [ServiceUnavailable("down"), _throttle("1")])
def test_what_is_to_be_sent_once_is_sent_once(pauses: list[float], error: Exception) -> None:
    made: list[int] = []

    def call() -> None:
        made.append(1)
        raise error

    with pytest.raises((Throttled, Unavailable)):
        attempted_once(call, "do it")
    assert (len(made), pauses) == (1, [])
