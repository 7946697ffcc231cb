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
from skyclust.inventory.read_liveness import NO_ANSWER, ReadLiveness, results_while_alive
from tasks.retry_policy import while_answering

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
    return while_answering(any_task, TaskRun(task_key="t", dynamic_key="0"), Failed(data=error))


def wait_for(event: threading.Event) -> None:
    event.wait()


def heard(call: Callable[[Callable[[int], None]], None], watch: ReadLiveness) -> list[int]:
    return list(results_while_alive(call, watch, "the cloud"))


def test_what_is_told_is_heard_in_its_order() -> None:
    def call(emit: Callable[[int], None]) -> None:
        emit(1)
        emit(2)

    assert heard(call, ReadLiveness()) == [1, 2]


def test_an_error_is_heard_after_what_was_told() -> None:
    def call(emit: Callable[[int], None]) -> None:
        emit(1)
        raise NotFound("no such place")

    listening = results_while_alive(call, ReadLiveness(), "the cloud")
    assert next(listening) == 1
    with pytest.raises(NotFound):
        next(listening)


def test_a_silent_place_is_given_up_and_not_tried_again(hanging: threading.Event) -> None:
    watch = ReadLiveness()
    began = time.monotonic()
    with pytest.raises(Timeout, match="the cloud gave no answer") as failure:
        heard(lambda emit: wait_for(hanging), watch)
    assert PATIENCE <= time.monotonic() - began < 10 * PATIENCE
    assert watch.expired
    assert failure.value.code == NO_ANSWER
    assert not tried_again(failure.value)
    assert tried_again(Timeout("no answer for now"))


def test_a_slow_place_that_answers_is_waited_for() -> None:
    watch = ReadLiveness()

    def call(emit: Callable[[int], None]) -> None:
        for _ in range(6):
            time.sleep(PATIENCE / 3)
            watch.answered()
        emit(1)

    assert heard(call, watch) == [1]


@pytest.mark.parametrize(
    ("error", "given_up"),
    [(Timeout("x"), True), (Unavailable("x"), True), (Throttled("x"), False)],
)
def test_a_silence_lasts_over_attempts_unless_an_answer_asked_for_the_pause(
    error: SkyClustError, given_up: bool
) -> None:
    watch = ReadLiveness()

    def refuse(emit: Callable[[int], None]) -> None:
        raise error

    with pytest.raises(type(error)):
        heard(refuse, watch)
    time.sleep(PATIENCE)
    assert watch.expired is given_up
