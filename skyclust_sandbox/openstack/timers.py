"""Timers for asynchronous work; each resource has at most one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count


@dataclass
class Timers:
    """Scheduled functions. None of them runs before `run_due` is called.

    The caller of every method holds the cloud's lock.
    """

    clock: Callable[[], float] = time.monotonic
    _due: dict[str, tuple[float, int, Callable[[], None]]] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=count)

    def schedule(self, key: str, seconds: float, work: Callable[[], None]) -> None:
        """Schedule work for a resource after some seconds, replacing its previous timer."""
        self._due[key] = (self.clock() + seconds, next(self._numbers), work)

    def cancel(self, key: str) -> None:
        """Cancel the timer of a resource."""
        self._due.pop(key, None)

    def is_scheduled(self, key: str) -> bool:
        """Return whether a resource has a timer."""
        return key in self._due

    def clear(self) -> None:
        """Cancel all timers."""
        self._due.clear()

    def run_due(self) -> None:
        """Run all work that is due, in order of its time, including work that becomes due by it."""
        current = self.clock()
        while True:
            due = [(when, number, key) for key, (when, number, _) in self._due.items()]
            ready = sorted(entry for entry in due if entry[0] <= current)
            if not ready:
                return
            for _, number, key in ready:
                timer = self._due.get(key)
                if timer is not None and timer[1] == number:
                    del self._due[key]
                    timer[2]()
