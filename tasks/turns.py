"""Whose turn it is to be read: a silent account holds up no other one.

So many places are read at once as the machine has work for. One that has been silent for a
while is waited for still, and gives its turn to the next meanwhile. A service of an account that
is silent as a whole is given up at once in all of its regions, whether they were asked or not;
most clouds have one service for all that is read. The services of one account fall silent one by
one: what is heard of one says nothing of another.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from skyclust.errors import SkyClustError, Timeout
from tasks.accounts import Account
from tasks.coverage import Read
from tasks.silence import SILENT, Clock, Watch, is_answer

WORKERS: Final = 16
"""Places read at once: they wait for the network most of the time."""

MOST_ASKED: Final = 64
"""Places asked at once, with those that are silent: each of them holds two threads."""

Work = Account | Read
"""What one task does: ask an account for its regions, or read some of them."""


@dataclass(frozen=True)
class Source:
    """A service of an account: what answers as a whole, or not at all."""

    account: Account
    service: str = ""


class Turns:
    """What waits for its turn and what is at work, by account and service."""

    def __init__(self) -> None:
        self.watches: dict[Work, Watch] = {}
        self._clocks: dict[Source, Clock] = {}
        self._waiting: dict[Source, deque[Work]] = {}
        self._at_work: list[Work] = []
        self._unanswered: set[Source] = set()

    def add(self, works: Sequence[Work]) -> None:
        """Let these wait for their turn."""
        for work in works:
            source = _source(work)
            clock = self._clocks.setdefault(source, Clock())
            self.watches[work] = Watch(clock)
            self._waiting.setdefault(source, deque()).append(work)

    def begin(self) -> list[Work]:
        """Return what is to be begun now, from the accounts with the least at work first."""
        begun: list[Work] = []
        while self._has_room():
            asked = set(map(_source, self._at_work))
            ready = [one for one in self._waiting if not (one in asked and self._is_silent(one))]
            if not ready:
                break
            busy = Counter(_source(one).account for one in self._at_work)
            source = min(ready, key=lambda one: busy[one.account])
            work = self._waiting[source].popleft()
            if not self._waiting[source]:
                del self._waiting[source]
            self._at_work.append(work)
            begun.append(work)
        return begun

    def end(self, work: Work, outcome: object) -> dict[Work, Timeout]:
        """Note how something ended; return what is given up with it, and why."""
        source = _source(work)
        self._at_work.remove(work)
        self.watches[work].end()
        if isinstance(outcome, SkyClustError) and not is_answer(outcome):
            self._unanswered.add(source)
        if not self._is_silent(source):
            return {}
        self._clocks[source].give_up()
        if source in map(_source, self._at_work):
            return {}
        never_asked = self._waiting.pop(source, ())
        return dict.fromkeys(never_asked, _given_up(source, self._clocks[source]))

    def __bool__(self) -> bool:
        """Return whether anything is waiting or at work."""
        return bool(self._waiting or self._at_work)

    def _has_room(self) -> bool:
        speaking = sum(not self.watches[work].quiet for work in self._at_work)
        return speaking < WORKERS and len(self._at_work) < MOST_ASKED

    def _is_silent(self, source: Source) -> bool:
        return source in self._unanswered and self._clocks[source].over


def _source(work: Work) -> Source:
    return Source(work.account, work.service) if isinstance(work, Read) else Source(work)


def _given_up(source: Source, clock: Clock) -> Timeout:
    account = f"{source.service} of account" if source.service else "Account"
    return Timeout(
        f"{account} {source.account} gave no answer for {clock.patience:.0f} s, wherever it was"
        " asked; it was not asked here any more.",
        hint="The others were not kept waiting; SKYCLUST_SILENCE_SECONDS sets for how long.",
        code=SILENT,
    )
