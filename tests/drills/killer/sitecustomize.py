"""Kills or stops the process that loads it at a chosen crossing.

The interpreter imports a module of this name at its start when its folder is on PYTHONPATH
(docs.python.org, module `site`), so the product needs no hook for the drill. A crossing is
a moment just before or just after something that outlives the process: the commit of a
transaction of the store or a call of the contract, or, where SKYCLUST_DRILL_CROSSINGS is
"requests", an HTTP request that may change something at the cloud, whichever SDK sends it.
The moment before a transaction is none: the one after the commit before it leaves the same
behind. Every crossing is written to SKYCLUST_DRILL_LOG; SKYCLUST_DRILL_KILL_AT names the last
thing the process does, or the last before it is woken up again when SKYCLUST_DRILL_SIGNAL is
SIGSTOP: by its number among all crossings, or by what it is and its number among those ("after
get_instance #2").
"""

from __future__ import annotations

import functools
import http.client
import itertools
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skyclust.store.engine import Store

KILL_AT = os.environ["SKYCLUST_DRILL_KILL_AT"]
LOG = os.environ["SKYCLUST_DRILL_LOG"]
SIGNAL = signal.Signals[os.environ["SKYCLUST_DRILL_SIGNAL"]]

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
    "attach_disk",
    "detach_disk",
    "set_tags",
]

_lock = threading.Lock()
_count = itertools.count(1)
_alike: Counter[str] = Counter()


def crossing(what: str) -> None:
    with _lock:
        number = next(_count)
        _alike[what] += 1
        with open(LOG, "a") as log:
            log.write(f"{number} {what}\n")
        if KILL_AT in {str(number), f"{what} #{_alike[what]}"}:
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


def watch_requests(connection: type[http.client.HTTPConnection]) -> None:
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


if os.environ.get("SKYCLUST_DRILL_CROSSINGS") == "requests":
    watch_requests(http.client.HTTPConnection)
else:
    from providers.aws.provider import AwsProvider
    from skyclust.store.engine import Store

    watch_calls(AwsProvider)
    watch_transactions(Store)
