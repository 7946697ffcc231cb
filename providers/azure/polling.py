"""Waiting within a call, for what Azure does within seconds."""

from __future__ import annotations

import time
from typing import Final

from skyclust.errors import Timeout

PATIENCE_SECONDS: Final = 60.0
"""How long a call waits; Azure makes an interface, or resizes a stopped machine, in seconds."""

FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 2.0


class Pauses:
    """Pauses that grow, up to the end of our patience."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._end = time.monotonic() + PATIENCE_SECONDS
        self._next = FIRST_PAUSE

    def take(self) -> None:
        """Pause once; raises Timeout when the time is up."""
        if time.monotonic() + self._next > self._end:
            raise Timeout(f"{self._what} after {PATIENCE_SECONDS:.0f} s.", provider="azure")
        time.sleep(self._next)
        self._next = min(self._next * 1.5, LONGEST_PAUSE)
