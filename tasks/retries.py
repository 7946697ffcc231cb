"""When a task is tried again: on Transient errors, at the pace that the cloud asks for."""

from __future__ import annotations

import random
import time
from typing import Any, Final

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun

from skyclust.errors import Throttled, Transient

RETRIES: Final = 6

DELAYS: Final = [0.5, 1, 2, 4, 8, 16]
"""Seconds before each retry: doubling, so that a struggling cloud gets air."""

JITTER: Final = 0.5
"""Share by which a delay is stretched at random, so that retries do not come in step."""

LONGEST_PATIENCE: Final = 120.0
"""Seconds; a cloud that asks for more makes the task fail instead of holding its worker."""


def on_transient(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Return whether the error is Transient, having waited as long as the cloud asked for.

    Prefect knows fixed delays only, so what `Throttled.retry_after` asks for is waited here,
    and the task's own delay comes on top of it.
    """
    error = state.result(raise_on_failure=False)
    if not isinstance(error, Transient):
        return False
    if isinstance(error, Throttled) and error.retry_after:
        if error.retry_after > LONGEST_PATIENCE:
            return False
        time.sleep(error.retry_after * random.uniform(1.0, 1.1))  # noqa: S311  # pace, not a key
    return True
