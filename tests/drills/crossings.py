"""What kills or stops a process at a chosen crossing.

A crossing is a moment just before or just after something that outlives the process: the commit
of a transaction of the store or a call of the contract; for "requests", an HTTP request that may
change something at the cloud, whichever SDK sends it; for "costs", a step of a collection. The
moment before a transaction is none: the one after the commit before it leaves the same behind. The
product needs no hook for this: its classes are watched in the process that is to die alone.
"""

from __future__ import annotations

import functools
import http.client
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from providers.aws.provider import AwsProvider
from skyclust.store.engine import Store
from tests.drills.cost_crossings import watch_costs

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
SIGNING_IN = ("token", "oauth2", "/access/ticket")

CLOUD_CALLS = [
    "create_instance",
    "find_instances",
    "get_instance",
    "start_instance",
    "stop_instance",
    "delete_instance",
    "create_snapshot",
    "list_snapshots",
    "restore_snapshot",
    "delete_snapshot",
    "get_disk",
    "get_resource",
    "delete_resource",
    "attach_disk",
    "detach_disk",
    "set_tags",
]


@dataclass
class Crossings:
    """Writes every crossing to a log, and ends the process at one of them.

    `kill_at` names the last thing that the process does, or the last before it is woken up again
    when the signal is SIGSTOP. A crossing is named by what it is and its number among its kind
    ("after get_instance #2").
    """

    log: str
    kill_at: str
    signal: signal.Signals
    _alike: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, what: str) -> None:
        with self._lock:
            self._alike[what] += 1
            name = f"{what} #{self._alike[what]}"
            with open(self.log, "a") as log:
                log.write(f"{name}\n")
            if name == self.kill_at:
                os.kill(os.getpid(), self.signal)


def watch(kind: str, crossing: Crossings) -> None:
    """Watch this process: "requests", "costs", or the "contract" and the store's transactions."""
    if kind == "requests":
        watch_requests(http.client.HTTPConnection, crossing)
    elif kind == "costs":
        watch_costs(crossing, watched)
    else:
        watch_calls(AwsProvider, crossing)
        watch_transactions(Store, crossing)


def watch_calls(provider: type, crossing: Crossings) -> None:
    for name in CLOUD_CALLS:
        setattr(provider, name, watched(getattr(provider, name), crossing))


def watched(call: Callable[..., Any], crossing: Crossings) -> Callable[..., Any]:
    @functools.wraps(call)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        crossing(f"before {call.__name__}")
        result = call(*arguments, **named)
        crossing(f"after {call.__name__}")
        return result

    return wrapper


def watch_transactions(store: type[Store], crossing: Crossings) -> None:
    writing = store._writing

    @contextmanager
    def wrapper(self: Any, *, migrating: bool) -> Iterator[Any]:
        # Heartbeats have a thread of their own, and come when they please.
        counts = threading.current_thread().name != "heartbeat"
        with writing(self, migrating=migrating) as connection:
            yield connection
            if counts:
                crossing("before commit")
        if counts:
            crossing("after commit")

    store._writing = wrapper  # type: ignore[method-assign]  # what the drill is for


def watch_requests(connection: type[http.client.HTTPConnection], crossing: Crossings) -> None:
    """Watch what all SDKs send through: boto3, google, azure, openstack and proxmoxer alike.

    The Prefect client has another HTTP library, so its requests are no crossings.
    """
    putrequest, getresponse = connection.putrequest, connection.getresponse

    def sent(self: Any, method: str, url: str, *arguments: Any, **named: Any) -> None:
        signing_in = any(word in url for word in SIGNING_IN)
        self.drill_request = f"{method} {url.partition('?')[0]}"
        self.drill_counts = method in CHANGING and not signing_in
        if self.drill_counts:
            crossing(f"before {self.drill_request}")
        putrequest(self, method, url, *arguments, **named)

    def answered(self: Any, *arguments: Any, **named: Any) -> Any:
        response = getresponse(self, *arguments, **named)
        if getattr(self, "drill_counts", False):
            crossing(f"after {self.drill_request}")
        return response

    connection.putrequest = sent  # type: ignore[method-assign]  # what the drill is for
    connection.getresponse = answered  # type: ignore[method-assign]  # what the drill is for
