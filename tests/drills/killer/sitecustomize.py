"""Kills or stops the process that loads it at a chosen crossing.

The interpreter imports a module of this name at its start when its folder is on PYTHONPATH
(docs.python.org, module `site`), so the product needs no hook for the drill. A crossing is
a moment just before or just after something that outlives the process: a transaction of the
store, or a call of the cloud. Every crossing is written to SKYCLUST_DRILL_LOG; the one with
the number SKYCLUST_DRILL_KILL_AT is the last thing the process does, or the last before it
is woken up again when SKYCLUST_DRILL_SIGNAL is SIGSTOP.
"""

from __future__ import annotations

import functools
import itertools
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from providers.aws.provider import AwsProvider
from skyclust.store.engine import Store

KILL_AT = int(os.environ["SKYCLUST_DRILL_KILL_AT"])
LOG = os.environ["SKYCLUST_DRILL_LOG"]
SIGNAL = signal.Signals[os.environ["SKYCLUST_DRILL_SIGNAL"]]

CLOUD_CALLS = [
    "create_instance",
    "find_instances",
    "get_instance",
    "start_instance",
    "stop_instance",
    "delete_instance",
]

_lock = threading.Lock()
_count = itertools.count(1)


def crossing(what: str) -> None:
    with _lock:
        number = next(_count)
        with open(LOG, "a") as log:
            log.write(f"{number} {what}\n")
        if number == KILL_AT:
            os.kill(os.getpid(), SIGNAL)


def watch_calls(provider: type) -> None:
    for name in CLOUD_CALLS:
        setattr(provider, name, watched(getattr(provider, name)))


def watched(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        crossing(f"before {call.__name__}")
        result = call(*arguments, **named)
        crossing(f"after {call.__name__}")
        return result

    return wrapper


def watch_transactions(store: type[Store]) -> None:
    writing = store.writing

    @contextmanager
    def wrapper(self: Any) -> Iterator[Any]:
        crossing("before transaction")
        with writing(self) as connection:
            yield connection
            crossing("before commit")
        crossing("after commit")

    store.writing = wrapper  # type: ignore[method-assign]  # what the drill is for


watch_calls(AwsProvider)
watch_transactions(Store)
