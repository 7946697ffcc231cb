"""Faults on demand, the same for every sandbox cloud.

A fault says which calls it strikes and how. It knows nothing of any one cloud: each cloud
puts the kind into its own words (`throttle` is `RequestLimitExceeded` at EC2).
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from pydantic import BaseModel, ConfigDict, Field


class FaultKind(StrEnum):
    """How a call is struck."""

    THROTTLE = "throttle"  # refused, with the cloud's way of asking for a slower pace
    DELAY = "delay"  # carried out after `seconds`
    ERROR = "error"  # refused with a 5xx, or with `code` and `status`
    DROP_REPLY = "drop_reply"  # carried out, then the connection is closed without a reply
    DENY = "deny"  # refused for want of permission
    EXPIRE = "expire"  # refused because the credential has expired
    HTML = "html"  # carried out, and answered with status 200 and a page of HTML
    NULL = "null"  # carried out, and answered with status 200 and `null`
    EMPTY = "empty"  # carried out, and answered with status 200 and an object with nothing in it
    REPEAT = "repeat"  # answered as the first such call was: a list that never ends
    LAG = "lag"  # lists leave out what was made less than `seconds` ago, where a cloud does so
    OMIT = "omit"  # carried out, and answered without `field` in the object that has `item` in it


ANSWERS: Final = frozenset(
    {FaultKind.HTML, FaultKind.NULL, FaultKind.EMPTY, FaultKind.REPEAT, FaultKind.OMIT}
)
"""The kinds that let a call be carried out and change what is answered."""


class Fault(BaseModel):
    """One fault: which calls it strikes, how, and how often."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    action: str = Field(
        default="*",
        min_length=1,
        description="The cloud's own name of the operation, as a glob: RunInstances, Describe*.",
    )
    region: str | None = Field(default=None, description="Strikes in this region; None: in all.")
    access_key: str | None = Field(
        default=None, description="Strikes calls made with this key; None: with any."
    )
    probability: float = Field(
        default=1.0, ge=0.0, le=1.0, description="Share of the matching calls that are struck."
    )
    after: int = Field(default=0, ge=0, description="Lets this many matching calls pass first.")
    times: int | None = Field(
        default=None, ge=1, description="Strikes this often and no more; None: until cleared."
    )
    seconds: float = Field(
        default=0.0,
        ge=0.0,
        le=600.0,
        description="Length of a delay; for a throttle, the wait asked for by clouds that ask.",
    )
    field: str | None = Field(default=None, description="Of an omission: the field's name.")
    item: str | None = Field(
        default=None, description="Of an omission: the id or name in the object; None: the first."
    )
    code: str | None = Field(default=None, description="Error code in place of the usual one.")
    status: int | None = Field(
        default=None, ge=400, le=599, description="HTTP status in place of the usual one."
    )

    def matches(self, action: str, region: str, access_key: str) -> bool:
        """Return whether the fault is meant for such a call."""
        return (
            fnmatchcase(action, self.action)
            and self.region in (None, region)
            and self.access_key in (None, access_key)
        )


class StandingFault(BaseModel):
    """A fault in force, and what it has done so far."""

    model_config = ConfigDict(frozen=True)

    id: int
    fault: Fault
    matched: int = 0
    struck: int = 0


@dataclass
class _Entry:
    fault: Fault
    dice: random.Random
    matched: int = 0
    struck: int = 0

    def strike(self) -> bool:
        """Count one matching call and return whether it is struck."""
        self.matched += 1
        if self.matched <= self.fault.after:
            return False
        if self.fault.times is not None and self.struck >= self.fault.times:
            return False
        if self.dice.random() >= self.fault.probability:
            return False
        self.struck += 1
        return True


@dataclass
class Faults:
    """The faults in force in one sandbox cloud; safe to use from several threads.

    The dice are seeded, one set for each fault: the same calls in the same order are struck
    the same way in every run.
    """

    seed: int = 0
    _entries: dict[int, _Entry] = field(default_factory=dict)
    _last_id: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, faults: Iterable[Fault]) -> list[StandingFault]:
        """Put faults in force and return them with their ids."""
        with self._lock:
            added: list[StandingFault] = []
            for fault in faults:
                self._last_id += 1
                # A seeded generator is wanted here: the same run must be struck the same way.
                dice = random.Random(f"{self.seed}:{self._last_id}")  # noqa: S311
                self._entries[self._last_id] = _Entry(fault, dice)
                added.append(StandingFault(id=self._last_id, fault=fault))
            return added

    def clear(self, fault_id: int | None = None) -> int:
        """Take one fault back, or all of them; returns how many there were."""
        with self._lock:
            if fault_id is not None:
                return 0 if self._entries.pop(fault_id, None) is None else 1
            count = len(self._entries)
            self._entries.clear()
            self._last_id = 0
            return count

    def standing(self) -> list[StandingFault]:
        """Return the faults in force in the order they were added."""
        with self._lock:
            return [
                StandingFault(
                    id=fault_id, fault=entry.fault, matched=entry.matched, struck=entry.struck
                )
                for fault_id, entry in self._entries.items()
            ]

    def strikes(self, action: str, region: str, access_key: str) -> list[Fault]:
        """Return what strikes this call: any delays and lags, then at most one other fault.

        Counts the call at each fault that it reaches; a fault behind one that already
        decides the call's fate is not reached.
        """
        struck: list[Fault] = []
        with self._lock:
            for entry in self._entries.values():
                if entry.fault.matches(action, region, access_key) and entry.strike():
                    struck.append(entry.fault)
                    if entry.fault.kind not in {FaultKind.DELAY, FaultKind.LAG}:
                        break
        return struck
