"""State of the sandbox cloud: projects, their resources, and scheduled changes."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from skyclust_sandbox.gcp.links import Reference
from skyclust_sandbox.gcp.responses import Resource, not_found


@dataclass
class Project:
    """A project.

    `resources` is keyed by collection, scope and name; `limits` has the quota limits that differ
    from the defaults, by region and metric; `requests` has the digest and the operation of each
    request with a requestId; `metadata` is the common instance metadata.
    """

    name: str
    number: str
    created: datetime
    resources: dict[str, dict[str, dict[str, Resource]]] = field(default_factory=dict)
    limits: dict[str, dict[str, float]] = field(default_factory=dict)
    requests: dict[str, tuple[str, Resource]] = field(default_factory=dict)
    metadata: Resource = field(default_factory=lambda: {"kind": "compute#metadata"})

    def collection(self, collection: str, scope: str) -> dict[str, Resource]:
        """Return the resources of a collection in one scope, by name.

        The dictionary is the stored one: insert a resource by adding it.
        """
        return self.resources.setdefault(collection, {}).setdefault(scope, {})

    def list_all(self, collection: str) -> Iterator[Resource]:
        """Yield the resources of a collection in all scopes."""
        for resources in self.resources.get(collection, {}).values():
            yield from resources.values()


@dataclass
class State:
    """The state of the cloud. Callers hold the lock of `GcpCloud`.

    `contents` has the content of disks, snapshots and images by id, `reset_times` the time of
    the last reset of an instance by its id, and `busy` the running operation of a resource by its
    path. Times are in seconds.
    """

    transition_seconds: float
    projects: dict[str, Project] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    reset_times: dict[str, str] = field(default_factory=dict)
    busy: dict[str, Resource] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def schedule(self, seconds: float, action: Callable[[], None]) -> None:
        """Schedule an action for `seconds` from now."""
        heapq.heappush(self._due, (self.clock() + seconds, next(self._numbers), action))

    def run_due(self) -> None:
        """Run the scheduled actions that are due, in order of their times."""
        now = self.clock()
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()

    def new_number(self) -> int:
        """Return a number that this state has not returned before."""
        return next(self._numbers)

    def new_id(self) -> str:
        """Return an unused resource id of 19 digits."""
        return str(4_000_000_000_000_000_000 + self.new_number() * 7_919_000_011)

    def get(self, reference: Reference) -> Resource:
        """Return a resource; raises Refused with notFound when it does not exist."""
        resource = self.find(reference)
        if resource is None:
            raise not_found(reference.path)
        return resource

    def find(self, reference: Reference) -> Resource | None:
        """Return a resource, or None when it does not exist."""
        project = self.projects.get(reference.project)
        if project is None:
            return None
        resources = project.resources.get(reference.collection, {}).get(reference.scope, {})
        return resources.get(reference.name)
