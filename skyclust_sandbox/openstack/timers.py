"""Work of the cloud that takes its time: what happens when, one thing at a time an object."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count


@dataclass
class Timers:
    """Calls functions when they are due; nothing runs until `settle` looks at the clock.

    All is called under the cloud's lock.
    """

    clock: Callable[[], float] = time.monotonic
    _due: dict[str, tuple[float, int, Callable[[], None]]] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=count)

    def plan(self, key: str, seconds: float, work: Callable[[], None]) -> None:
        """Do the work after so many seconds, in place of whatever was planned for the key."""
        self._due[key] = (self.clock() + seconds, next(self._numbers), work)

    def cancel(self, key: str) -> None:
        """Let what is planned for the key never happen."""
        self._due.pop(key, None)

    def is_planned(self, key: str) -> bool:
        """Return whether there is work to be done for a key."""
        return key in self._due

    def clear(self) -> None:
        """Let nothing that is planned happen."""
        self._due.clear()

    def settle(self) -> None:
        """Do all work that is due by now, in its order, and what that makes due in turn."""
        moment = self.clock()
        while True:
            due = [(when, number, key) for key, (when, number, _) in self._due.items()]
            ready = sorted(one for one in due if one[0] <= moment)
            if not ready:
                return
            for _, number, key in ready:
                planned = self._due.get(key)
                if planned is not None and planned[1] == number:
                    del self._due[key]
                    planned[2]()
