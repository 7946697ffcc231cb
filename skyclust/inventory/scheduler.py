"""The scheduler of reads: a credential that does not answer delays no other.

As many reads run at once as there are workers. A read that has had no answer for a while is
still waited for, and another read begins meanwhile. A service of a credential that does not
answer in any region is given up as a whole, with the regions that were not read yet; most clouds
have one service for everything that is read. The services of one credential fail one by one: an
answer of one says nothing about another.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from skyclust.errors import SkyClustError, Timeout
from skyclust.inventory.read_liveness import NO_ANSWER, ReadLiveness, ServiceLiveness, is_answer
from skyclust.inventory.read_plan import Read
from skyclust.model.credential_key import CredentialKey

WORKERS: Final = 16
"""Reads that run at once: they wait for the network most of the time."""

MOST_READS: Final = 64
"""Reads that run at once, with those that have no answer: each of them holds two threads."""

Work = CredentialKey | Read
"""What one task does: discover the regions of a credential, or read some of them."""


@dataclass(frozen=True)
class Source:
    """A service of a credential: it answers as a whole, or not at all."""

    credential: CredentialKey
    service: str = ""


@dataclass(frozen=True)
class ReadProgress:
    """How many scopes are settled, read or given up, of those that are known by now.

    The scopes of `undiscovered` of the `credentials` are not known yet.
    """

    settled: int
    scopes: int
    undiscovered: int = 0
    credentials: int = 1

    @property
    def percent(self) -> float:
        """Return the settled share, 0 to 100, in which an unknown account weighs as any other."""
        if not self.scopes:
            return 0.0
        discovered = 1 - self.undiscovered / self.credentials
        return 100 * discovered * self.settled / self.scopes

    def __str__(self) -> str:
        if not self.scopes:
            return "discovering regions"
        counted = f"{self.settled} of {self.scopes} scopes read"
        if not self.undiscovered:
            return counted
        accounts = "an account" if self.undiscovered == 1 else f"{self.undiscovered} accounts"
        return f"{counted}, {accounts} not discovered yet"


class ReadScheduler:
    """The work that waits and that runs, by credential and service."""

    def __init__(self) -> None:
        self.liveness: dict[Work, ReadLiveness] = {}
        self._services: dict[Source, ServiceLiveness] = {}
        self._waiting: dict[Source, deque[Work]] = {}
        self._running: list[Work] = []
        self._unanswered: set[Source] = set()

    def add(self, works: Sequence[Work]) -> None:
        """Add work that waits."""
        for work in works:
            source = _source(work)
            service = self._services.setdefault(source, ServiceLiveness())
            self.liveness[work] = ReadLiveness(service)
            self._waiting.setdefault(source, deque()).append(work)

    def begin(self) -> list[Work]:
        """Return the work to begin now, first of the credentials with the least running work."""
        begun: list[Work] = []
        while self._has_room():
            active = set(map(_source, self._running))
            ready = [
                source
                for source in self._waiting
                if not (source in active and self._is_silent(source))
            ]
            if not ready:
                break
            busy = Counter(_source(work).credential for work in self._running)
            source = min(ready, key=lambda source: busy[source.credential])
            work = self._waiting[source].popleft()
            if not self._waiting[source]:
                del self._waiting[source]
            self._running.append(work)
            begun.append(work)
        return begun

    def end(self, work: Work, outcome: object) -> dict[Work, Timeout]:
        """Note that work has ended; return the work that is given up with it, and the errors."""
        source = _source(work)
        self._running.remove(work)
        self.liveness[work].end()
        if isinstance(outcome, SkyClustError) and not is_answer(outcome):
            self._unanswered.add(source)
        if not self._is_silent(source):
            return {}
        self._services[source].give_up()
        if source in map(_source, self._running):
            return {}
        never_begun = self._waiting.pop(source, ())
        return dict.fromkeys(never_begun, _timeout(source, self._services[source]))

    def __bool__(self) -> bool:
        """Return whether any work waits or runs."""
        return bool(self._waiting or self._running)

    def progress(self) -> ReadProgress:
        """Return how many of the known scopes are settled."""
        scopes = sum(work.scopes for work in self.liveness if isinstance(work, Read))
        settled = sum(liveness.settled for liveness in self.liveness.values())
        waiting = [work for works in self._waiting.values() for work in works]
        return ReadProgress(
            settled,
            scopes,
            undiscovered=sum(not isinstance(work, Read) for work in [*waiting, *self._running]),
            credentials=len({_source(work).credential for work in self.liveness}),
        )

    def _has_room(self) -> bool:
        answering = sum(not self.liveness[work].slow for work in self._running)
        return answering < WORKERS and len(self._running) < MOST_READS

    def _is_silent(self, source: Source) -> bool:
        return source in self._unanswered and self._services[source].expired


def _source(work: Work) -> Source:
    return Source(work.credential, work.service) if isinstance(work, Read) else Source(work)


def _timeout(source: Source, service: ServiceLiveness) -> Timeout:
    credential = f"{source.service} of credential" if source.service else "Credential"
    return Timeout(
        f"{credential} {source.credential} gave no answer for {service.limit_seconds:.0f} s in any"
        " region; this region was not read.",
        hint="Other reads did not wait for it; SKYCLUST_SILENCE_SECONDS sets the limit.",
        code=NO_ANSWER,
    )
