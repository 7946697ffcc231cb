"""How often a call is repeated, and the delays between its attempts."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, TypeVar

from providers.gcp.errors import call_errors
from skyclust.errors import Throttled, Unavailable
from skyclust.providerkit.polling import growing_delays

ATTEMPTS: Final = 5
"""Attempts of one call that is throttled or whose service is unavailable."""

FIRST_DELAY_SECONDS: Final = 0.5
MAX_DELAY_SECONDS: Final = 10.0
"""Each delay between two attempts is twice the one before, up to this."""

Result = TypeVar("Result")


def with_retries(call: Callable[[], Result], doing: str) -> Result:
    """Return the result of a call, repeated while it is throttled or the service is unavailable.

    A call that timed out is not repeated: the caller has waited long enough. Raises the last
    error, mapped to the error tree.
    """
    for delay in _retry_delays():
        try:
            return without_retries(call, doing)
        except (Throttled, Unavailable) as error:
            retry_after = error.retry_after if isinstance(error, Throttled) else None
            time.sleep(min(max(delay, retry_after or 0.0), MAX_DELAY_SECONDS))
    return without_retries(call, doing)


def without_retries(call: Callable[[], Result], doing: str) -> Result:
    """Return the result of a call that is made once; raises errors of the error tree."""
    with call_errors(doing):
        return call()


def _retry_delays() -> Iterator[float]:
    """Yield the seconds to wait after each attempt but the last, with random jitter."""
    for delay in islice(growing_delays(FIRST_DELAY_SECONDS, MAX_DELAY_SECONDS, 2.0), ATTEMPTS - 1):
        yield delay * random.uniform(0.5, 1.0)  # noqa: S311  # no secret depends on it
