"""Whose turn it is to be read: a silent account holds up no other one.

So many places are read at once as the machine has work for. One that has been silent for a
while is waited for still, and gives its turn to the next meanwhile. An account that is silent
as a whole is given up at once in all of its regions, whether they were asked or not.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
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


class Turns:
    """What waits for its turn and what is at work, by account."""

    def __init__(self) -> None:
        self.watches: dict[Work, Watch] = {}
        self._clocks: dict[Account, Clock] = {}
        self._waiting: dict[Account, deque[Work]] = {}
        self._at_work: list[Work] = []
        self._unanswered: set[Account] = set()

    def add(self, works: Sequence[Work]) -> None:
        """Let these wait for their turn."""
        for work in works:
            account = _account(work)
            clock = self._clocks.setdefault(account, Clock())
            self.watches[work] = Watch(clock)
            self._waiting.setdefault(account, deque()).append(work)

    def begin(self) -> list[Work]:
        """Return what is to be begun now, from the accounts with the least at work first."""
        begun: list[Work] = []
        while self._has_room():
            busy = Counter(map(_account, self._at_work))
            ready = [one for one in self._waiting if not (busy[one] and self._is_silent(one))]
            if not ready:
                break
            account = min(ready, key=busy.__getitem__)
            work = self._waiting[account].popleft()
            if not self._waiting[account]:
                del self._waiting[account]
            self._at_work.append(work)
            begun.append(work)
        return begun

    def end(self, work: Work, outcome: object) -> dict[Work, Timeout]:
        """Note how something ended; return what is given up with it, and why."""
        account = _account(work)
        self._at_work.remove(work)
        self.watches[work].end()
        if isinstance(outcome, SkyClustError) and not is_answer(outcome):
            self._unanswered.add(account)
        if not self._is_silent(account):
            return {}
        self._clocks[account].give_up()
        if account in map(_account, self._at_work):
            return {}
        never_asked = self._waiting.pop(account, ())
        return dict.fromkeys(never_asked, _given_up(account, self._clocks[account]))

    def __bool__(self) -> bool:
        """Return whether anything is waiting or at work."""
        return bool(self._waiting or self._at_work)

    def _has_room(self) -> bool:
        speaking = sum(not self.watches[work].quiet for work in self._at_work)
        return speaking < WORKERS and len(self._at_work) < MOST_ASKED

    def _is_silent(self, account: Account) -> bool:
        return account in self._unanswered and self._clocks[account].over


def _account(work: Work) -> Account:
    return work.account if isinstance(work, Read) else work


def _given_up(account: Account, clock: Clock) -> Timeout:
    return Timeout(
        f"Account {account} gave no answer for {clock.patience:.0f} s, wherever it was asked;"
        " it was not asked here any more.",
        hint="The others were not kept waiting; SKYCLUST_SILENCE_SECONDS sets for how long.",
        code=SILENT,
    )
