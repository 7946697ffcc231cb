"""A cloud is waited for as long as it says anything, and not longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from prefect import task
from prefect.client.schemas.objects import TaskRun
from prefect.states import Failed

from skyclust.errors import NotFound, SkyClustError, Throttled, Timeout, Unavailable
from tasks.silence import SILENT, Watch, hear, while_it_answers

PATIENCE = 0.3


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYCLUST_SILENCE_SECONDS", str(PATIENCE))


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """Stands for a call that does not return, until the test is over."""
    event = threading.Event()
    yield event
    event.set()


@task
def any_task() -> None:
    """Stands for a task."""


def tried_again(error: BaseException) -> bool:
    return while_it_answers(any_task, TaskRun(task_key="t", dynamic_key="0"), Failed(data=error))


def wait_for(event: threading.Event) -> None:
    event.wait()


def heard(ask: Callable[[Callable[[int], None]], None], watch: Watch) -> list[int]:
    return list(hear(ask, watch, "the cloud"))


def test_what_is_told_is_heard_in_its_order() -> None:
    def ask(tell: Callable[[int], None]) -> None:
        tell(1)
        tell(2)

    assert heard(ask, Watch()) == [1, 2]


def test_an_error_is_heard_after_what_was_told() -> None:
    def ask(tell: Callable[[int], None]) -> None:
        tell(1)
        raise NotFound("no such place")

    listening = hear(ask, Watch(), "the cloud")
    assert next(listening) == 1
    with pytest.raises(NotFound):
        next(listening)


def test_a_silent_place_is_given_up_and_not_tried_again(hanging: threading.Event) -> None:
    watch = Watch()
    began = time.monotonic()
    with pytest.raises(Timeout, match="the cloud gave no answer") as failure:
        heard(lambda tell: wait_for(hanging), watch)
    assert PATIENCE <= time.monotonic() - began < 10 * PATIENCE
    assert watch.over
    assert failure.value.code == SILENT
    assert not tried_again(failure.value)
    assert tried_again(Timeout("no answer for now"))


def test_a_slow_place_that_answers_is_waited_for() -> None:
    watch = Watch()

    def ask(tell: Callable[[int], None]) -> None:
        for _ in range(6):
            time.sleep(PATIENCE / 3)
            watch.heard()
        tell(1)

    assert heard(ask, watch) == [1]


@pytest.mark.parametrize(
    ("error", "given_up"),
    [(Timeout("x"), True), (Unavailable("x"), True), (Throttled("x"), False)],
)
def test_a_silence_lasts_over_attempts_unless_an_answer_asked_for_the_pause(
    error: SkyClustError, given_up: bool
) -> None:
    watch = Watch()

    def refuse(tell: Callable[[int], None]) -> None:
        raise error

    with pytest.raises(type(error)):
        heard(refuse, watch)
    time.sleep(PATIENCE)
    assert watch.over is given_up
