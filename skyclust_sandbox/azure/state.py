"""What exists in the sandbox Azure, and what is about to happen to it."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from skyclust_sandbox.azure.identifiers import Identifiers
from skyclust_sandbox.azure.operations import Operation
from skyclust_sandbox.azure.subnet_addresses import Pool
from skyclust_sandbox.control import Conditions


@dataclass(frozen=True)
class AzureSettings:
    """How this Azure behaves. `regional_cores` is the quota of each location."""

    transition_seconds: float = 2.0
    page_size: int = 1000
    regional_cores: int = 20_000


@dataclass
class Resource:
    """One resource; `body` is what a GET returns.

    `content` is what a disk or snapshot holds, `power` the power state of a machine,
    `hibernated` whether its memory lies in its boot disk, and `failure` why its last operation
    failed, as (code, message).
    """

    id: str
    type: str
    name: str
    subscription: str
    group: str
    location: str
    body: dict[str, Any]
    content: str = ""
    power: str | None = None
    hibernated: bool = False
    failure: tuple[str, str] | None = None
    operation: Operation | None = None
    boots: list[str] = field(default_factory=list)

    @property
    def is_busy(self) -> bool:
        """Return whether an operation on it is under way."""
        return self.operation is not None and self.operation.is_under_way


class Resources:
    """Every resource, found by its id in any spelling and listed by type or group."""

    def __init__(self) -> None:
        self._by_id: dict[str, Resource] = {}
        self._by_type: dict[tuple[str, str], dict[str, Resource]] = {}

    def add(self, resource: Resource) -> None:
        """Put a resource there, in the place of one with the same id."""
        key = resource.id.lower()
        self._by_id[key] = resource
        listing = (resource.subscription.lower(), resource.type.lower())
        self._by_type.setdefault(listing, {})[key] = resource

    def find(self, resource_id: str) -> Resource | None:
        """Return the resource of this id."""
        return self._by_id.get(resource_id.lower())

    def remove(self, resource: Resource) -> None:
        """Forget a resource; one that is gone is no error."""
        key = resource.id.lower()
        if self._by_id.get(key) is resource:
            del self._by_id[key]
            del self._by_type[(resource.subscription.lower(), resource.type.lower())][key]

    def of_type(self, subscription: str, kind: str, group: str | None = None) -> list[Resource]:
        """Return the resources of a type in a subscription, or in one of its groups."""
        found: Iterable[Resource] = self._by_type.get(
            (subscription.lower(), kind.lower()), {}
        ).values()
        if group is None:
            return list(found)
        return [one for one in found if one.group.lower() == group.lower()]

    def of_subscription(self, subscription: str) -> Iterator[Resource]:
        """Yield every resource of a subscription, resource groups among them."""
        for (owner, _), listed in self._by_type.items():
            if owner == subscription.lower():
                yield from listed.values()


class Agenda:
    """What is to happen later. Nothing runs by itself: `advance` does what is due."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something once so much time has passed."""
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), do))

    def advance(self) -> None:
        """Do what is due by now, in its order."""
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()

    def finish(self) -> None:
        """Do all that is left, due or not."""
        while self._due:
            heapq.heappop(self._due)[2]()


@dataclass
class State:
    """One Azure. Whoever reads or changes it holds the cloud's lock.

    `cores_taken` has, by subscription and location, as many cores as are in use, or more.
    """

    settings: AzureSettings
    conditions: Conditions
    identifiers: Identifiers = field(default_factory=Identifiers)
    resources: Resources = field(default_factory=Resources)
    agenda: Agenda = field(default_factory=Agenda)
    operations: dict[str, Operation] = field(default_factory=dict)
    certificates: dict[str, list[bytes]] = field(default_factory=dict)
    addresses: Iterator[int] = field(default_factory=count)
    pools: dict[str, Pool] = field(default_factory=dict)
    cores_taken: dict[tuple[str, str], int] = field(default_factory=dict)
