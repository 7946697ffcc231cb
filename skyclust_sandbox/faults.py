"""Faults on demand, the same for every sandbox cloud.

A fault says which calls it applies to and what happens to them. It does not depend on a cloud:
each cloud maps the kind to its own error (`throttle` is `RequestLimitExceeded` in EC2).
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
    """What a fault does to a call."""

    THROTTLE = "throttle"  # refused with the cloud's rate limit error
    DELAY = "delay"  # carried out after `seconds`
    ERROR = "error"  # refused with a 5xx, or with `code` and `status`
    DROP_REPLY = "drop_reply"  # carried out, then the connection is closed without a reply
    DENY = "deny"  # refused with the cloud's permission error
    EXPIRE = "expire"  # refused because the credential has expired
    HTML = "html"  # carried out, the reply is status 200 and a page of HTML
    NULL = "null"  # carried out, the reply is status 200 and `null`
    EMPTY = "empty"  # carried out, the reply is status 200 and an empty object
    REPEAT = "repeat"  # the reply to the first such call is sent again: a list that never ends
    LAG = "lag"  # lists omit resources younger than `seconds`, in clouds whose lists lag
    OMIT = "omit"  # carried out, the reply lacks `field` in the object that contains `item`


ANSWERS: Final = frozenset(
    {FaultKind.HTML, FaultKind.NULL, FaultKind.EMPTY, FaultKind.REPEAT, FaultKind.OMIT}
)
"""The kinds that let the call be carried out and change its reply."""


class Fault(BaseModel):
    """One fault: the calls it applies to, its effect, and its frequency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    action: str = Field(
        default="*",
        min_length=1,
        description="The operation's name in the cloud's API, as a glob: RunInstances, Describe*.",
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
        description="Length of a delay; for a throttle, the Retry-After of clouds that send one.",
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
        """Return whether the fault applies to a call."""
        return (
            fnmatchcase(action, self.action)
            and self.region in (None, region)
            and self.access_key in (None, access_key)
        )


class StandingFault(BaseModel):
    """A fault in force, with the number of calls that it matched and struck."""

    model_config = ConfigDict(frozen=True)

    id: int
    fault: Fault
    matched: int = 0
    struck: int = 0


@dataclass
class _Entry:
    fault: Fault
    generator: random.Random
    matched: int = 0
    struck: int = 0

    def strike(self) -> bool:
        """Count one matching call and return whether the fault strikes it."""
        self.matched += 1
        if self.matched <= self.fault.after:
            return False
        if self.fault.times is not None and self.struck >= self.fault.times:
            return False
        if self.generator.random() >= self.fault.probability:
            return False
        self.struck += 1
        return True


@dataclass
class Faults:
    """The faults in force in one sandbox cloud; safe to use from several threads.

    Each fault has its own seeded random generator: the same calls in the same order are struck in
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
                # Seeded on purpose: faults must strike the same calls in every run.
                generator = random.Random(f"{self.seed}:{self._last_id}")  # noqa: S311
                self._entries[self._last_id] = _Entry(fault, generator)
                added.append(StandingFault(id=self._last_id, fault=fault))
            return added

    def clear(self, fault_id: int | None = None) -> int:
        """Remove one fault, or all of them; returns how many there were."""
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
        """Return the faults that strike a call: all delays and lags, then at most one other.

        Counts the call at each fault that is evaluated. Faults after the one that decides the reply
        are not evaluated.
        """
        struck: list[Fault] = []
        with self._lock:
            for entry in self._entries.values():
                if entry.fault.matches(action, region, access_key) and entry.strike():
                    struck.append(entry.fault)
                    if entry.fault.kind not in {FaultKind.DELAY, FaultKind.LAG}:
                        break
        return struck
