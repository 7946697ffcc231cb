"""Polling at once, then after growing pauses, up to a time-out."""

from __future__ import annotations

from itertools import islice

import pytest

from skyclust.providerkit import polling
from skyclust.providerkit.polling import growing_delays, polls


class Clock:
    """A clock that advances only by pauses."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the clock of the polling module."""
    clock = Clock()
    monkeypatch.setattr(polling, "time", clock)
    return clock


def test_delays_grow_to_the_longest() -> None:
    assert list(islice(growing_delays(0.5, 3.0, 2.0), 5)) == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_the_first_poll_is_at_once(clock: Clock) -> None:
    assert next(polls(60)) == 0
    assert clock.pauses == []


def test_polls_end_with_the_time(clock: Clock) -> None:
    assert list(polls(10, first=1, longest=4, factor=2)) == [0, 1, 2, 3]
    assert clock.pauses == [1, 2, 4]  # 4 more seconds would end after the tenth
    assert clock.now <= 1010


def test_the_work_between_polls_counts_as_time(clock: Clock) -> None:
    for _ in polls(10, first=1, longest=1):
        clock.now += 8
    assert clock.pauses == [1]


def test_without_time_there_is_one_poll(clock: Clock) -> None:
    assert list(polls(0)) == [0]
    assert clock.pauses == []
