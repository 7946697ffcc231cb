"""How often and how long a call is attempted."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from providers.gcp.errors import call_errors
from skyclust.errors import Throttled, Unavailable

CONNECT_SECONDS: Final = 5.0
"""A host that has not answered the TCP handshake by then is not there."""

READ_SECONDS: Final = 30.0
"""The largest page, 500 instances, comes within a few seconds."""

ATTEMPTS: Final = 5
"""Of one call that is throttled or meets a service that is down for a moment."""

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 10.0
"""Of the pauses between attempts, each twice the one before."""

T = TypeVar("T")


def attempted(call: Callable[[], T], doing: str) -> T:
    """Return what a call returns, tried again while it is throttled or the service is down.

    A call that got no answer in time is not repeated here: whoever waits has waited long
    enough. Raises the last error, as one of our tree.
    """
    for pause in _pauses():
        try:
            return attempted_once(call, doing)
        except (Throttled, Unavailable) as error:
            asked = error.retry_after if isinstance(error, Throttled) else None
            time.sleep(min(max(pause, asked or 0.0), LONGEST_PAUSE_SECONDS))
    return attempted_once(call, doing)


def attempted_once(call: Callable[[], T], doing: str) -> T:
    """Return what a call returns, made once; raises the errors of our tree."""
    with call_errors(doing):
        return call()


def _pauses() -> Iterator[float]:
    """Yield the seconds to wait after each attempt but the last, spread at random."""
    for attempt in range(ATTEMPTS - 1):
        longest = min(FIRST_PAUSE_SECONDS * 2**attempt, LONGEST_PAUSE_SECONDS)
        yield longest * random.uniform(0.5, 1.0)  # noqa: S311  # no secret hangs on it
