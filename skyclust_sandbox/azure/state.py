"""The state of the sandbox Azure: its resources, its operations and its pending timers."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from skyclust_sandbox.azure.identifiers import Identifiers
from skyclust_sandbox.azure.operations import Operation
from skyclust_sandbox.azure.query_units import QueryUnits
from skyclust_sandbox.azure.subnet_addresses import AddressPool
from skyclust_sandbox.billing.bill import Bill
from skyclust_sandbox.control import Conditions


@dataclass(frozen=True)
class AzureSettings:
    """The settings of a sandbox Azure; `regional_cores` is the vCPU quota of each location.

    `query_units` are the units of cost queries that each tenant may take in the window.
    """

    transition_seconds: float = 2.0
    page_size: int = 1000
    regional_cores: int = 20_000
    query_units: int = 12
    query_window_seconds: float = 10.0


@dataclass
class Resource:
    """A resource; `body` is the document that a GET returns.

    `content` is the data on a disk, snapshot or image. The other fields are of VMs: `power` is
    the power state, `hibernated` whether the memory is saved on the OS disk, `failure` the code
    and message of the last failed operation, `boots` the times of its boots.
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
    def properties(self) -> dict[str, Any]:
        """Return the `properties` of the body, to read or to change."""
        properties: dict[str, Any] = self.body["properties"]
        return properties

    @property
    def is_busy(self) -> bool:
        """Return whether an operation on the resource is in progress."""
        return self.operation is not None and self.operation.is_in_progress


class Resources:
    """All resources, indexed by id and by type; ids, types and names ignore case."""

    def __init__(self) -> None:
        self._by_id: dict[str, Resource] = {}
        self._by_type: dict[tuple[str, str], dict[str, Resource]] = {}

    def add(self, resource: Resource) -> None:
        """Add a resource; one with the same id is replaced."""
        key = resource.id.lower()
        self._by_id[key] = resource
        type_key = (resource.subscription.lower(), resource.type.lower())
        self._by_type.setdefault(type_key, {})[key] = resource

    def find(self, resource_id: str) -> Resource | None:
        """Return the resource with this id, or None."""
        return self._by_id.get(resource_id.lower())

    def remove(self, resource: Resource) -> None:
        """Remove a resource; does nothing if it is already removed."""
        key = resource.id.lower()
        if self._by_id.get(key) is resource:
            del self._by_id[key]
            del self._by_type[(resource.subscription.lower(), resource.type.lower())][key]

    def of_type(
        self, subscription: str, resource_type: str, group: str | None = None
    ) -> list[Resource]:
        """Return the resources of a type in a subscription or in one of its resource groups."""
        resources: Iterable[Resource] = self._by_type.get(
            (subscription.lower(), resource_type.lower()), {}
        ).values()
        if group is None:
            return list(resources)
        return [resource for resource in resources if resource.group.lower() == group.lower()]

    def of_subscription(self, subscription: str) -> Iterator[Resource]:
        """Yield every resource of a subscription, including its resource groups."""
        for (owner, _), resources in self._by_type.items():
            if owner == subscription.lower():
                yield from resources.values()


class Timers:
    """Actions scheduled for later. They run only when `run_due` or `run_all` is called."""

    def __init__(self) -> None:
        self._pending: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = count()

    def schedule(self, seconds: float, action: Callable[[], None]) -> None:
        """Schedule an action to run after this many seconds."""
        entry = (time.monotonic() + seconds, next(self._sequence), action)
        heapq.heappush(self._pending, entry)

    def run_due(self) -> None:
        """Run the actions that are due, in the order of their times."""
        now = time.monotonic()
        while self._pending and self._pending[0][0] <= now:
            heapq.heappop(self._pending)[2]()

    def run_all(self) -> None:
        """Run all pending actions, due or not, in the order of their times."""
        while self._pending:
            heapq.heappop(self._pending)[2]()


@dataclass
class State:
    """The whole state of a sandbox Azure. Hold the cloud's lock to read or change it.

    `certificates` are in DER by client id. `address_counter` numbers public IP addresses and MAC
    addresses. `reserved_cores` is an upper bound of the vCPUs in use, by subscription and
    location. `bill` is the bill of the main subscription, with what it was made of.
    """

    settings: AzureSettings
    conditions: Conditions
    identifiers: Identifiers = field(default_factory=Identifiers)
    resources: Resources = field(default_factory=Resources)
    timers: Timers = field(default_factory=Timers)
    operations: dict[str, Operation] = field(default_factory=dict)
    certificates: dict[str, list[bytes]] = field(default_factory=dict)
    address_counter: Iterator[int] = field(default_factory=count)
    address_pools: dict[str, AddressPool] = field(default_factory=dict)
    reserved_cores: dict[tuple[str, str], int] = field(default_factory=dict)
    query_units: QueryUnits = field(default_factory=QueryUnits)
    bill: tuple[object, Bill] | None = None
    largest_cost_page: int | None = None
