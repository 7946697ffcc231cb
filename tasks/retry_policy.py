"""The retry policy of tasks: on Transient errors, at the rate that the cloud allows."""

from __future__ import annotations

import random
import time
from typing import Any, Final, TypedDict

from prefect import Task
from prefect.cache_policies import NO_CACHE, CachePolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import RetryConditionCallable

from skyclust.errors import Throttled, Timeout, Transient
from skyclust.inventory.read_liveness import NO_ANSWER

RETRIES: Final = 6

DELAYS: Final[list[float]] = [0.5, 1, 2, 4, 8, 16]
"""Seconds before each retry: doubling, so that an overloaded cloud recovers."""

JITTER: Final = 0.5
"""Share by which a delay is extended at random, so that retries are spread."""

LONGEST_RETRY_AFTER: Final = 120.0
"""Seconds; a longer `Retry-After` makes the task fail instead of holding its worker."""


class Uncached(TypedDict):
    """Options of a task whose result is neither cached nor stored."""

    cache_policy: CachePolicy
    persist_result: bool


class Retried(Uncached):
    """Options of a task that is retried."""

    retries: int
    retry_delay_seconds: list[float]
    retry_jitter_factor: float
    retry_condition_fn: RetryConditionCallable


def on_transient(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Return whether the error is Transient, after the pause that the cloud requested.

    Prefect has fixed delays only, so `Throttled.retry_after` is waited for here,
    and the task's own delay is added to it.
    """
    error = state.result(raise_on_failure=False)
    if not isinstance(error, Transient):
        return False
    if isinstance(error, Throttled) and error.retry_after:
        if error.retry_after > LONGEST_RETRY_AFTER:
            return False
        time.sleep(error.retry_after * random.uniform(1.0, 1.1))  # noqa: S311  # pace, not a key
    return True


def while_answering(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Return whether a read is retried: as `on_transient`, but not one that was given up."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, Timeout) and error.code == NO_ANSWER:
        return False
    return on_transient(task, run, state)


UNCACHED: Final[Uncached] = {"cache_policy": NO_CACHE, "persist_result": False}

RETRIED: Final[Retried] = {
    **UNCACHED,
    "retries": RETRIES,
    "retry_delay_seconds": DELAYS,
    "retry_jitter_factor": JITTER,
    "retry_condition_fn": on_transient,
}

RETRIED_WHILE_ANSWERING: Final[Retried] = {**RETRIED, "retry_condition_fn": while_answering}
