"""Tasks are tried again on Transient errors alone, at the pace the cloud asks for."""

from __future__ import annotations

import time

import pytest
from prefect import task
from prefect.client.schemas.objects import TaskRun
from prefect.states import Failed

from skyclust.errors import (
    AuthenticationFailed,
    BrakeEngaged,
    Conflict,
    NotFound,
    SkyClustError,
    Throttled,
    Timeout,
    Unavailable,
)
from tasks.retry_policy import LONGEST_RETRY_AFTER, on_transient


@task
def any_task() -> None:
    """Stands for a task."""


def retried(error: BaseException) -> bool:
    run = TaskRun(task_key="t", dynamic_key="0")
    return on_transient(any_task, run, Failed(data=error))


@pytest.mark.parametrize("error", [Unavailable("x"), Timeout("x"), Conflict("x"), Throttled("x")])
def test_what_may_succeed_later_is_tried_again(error: SkyClustError) -> None:
    assert retried(error)


@pytest.mark.parametrize(
    "error",
    [NotFound("x"), AuthenticationFailed("x"), BrakeEngaged("x"), ValueError("a bug")],
)
def test_nothing_else_is_tried_again(error: BaseException) -> None:
    assert not retried(error)


def test_the_wait_that_the_cloud_asks_for_is_kept() -> None:
    began = time.monotonic()
    assert retried(Throttled("slow down", retry_after=0.3))
    assert time.monotonic() - began >= 0.3


def test_a_cloud_that_asks_for_too_long_is_not_waited_for() -> None:
    began = time.monotonic()
    assert not retried(Throttled("come back tomorrow", retry_after=LONGEST_RETRY_AFTER + 1))
    assert time.monotonic() - began < 1
