"""All that the sandbox GCP knows: projects, their resources, and what is due when."""

from __future__ import annotations

import base64
import hashlib
import heapq
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from skyclust_sandbox.gcp.discovery import Method
from skyclust_sandbox.gcp.identity import Account
from skyclust_sandbox.gcp.links import Reference, read_link
from skyclust_sandbox.gcp.responses import Resource, not_found, refused

PUBLIC_PROJECTS: Final = ("debian-cloud", "ubuntu-os-cloud")
"""The projects whose images everybody may read."""

_PACIFIC: Final = timezone(timedelta(hours=-8))


@dataclass
class Project:
    """One project. `resources` is by collection, scope and name."""

    name: str
    number: str
    created: datetime
    resources: dict[str, dict[str, dict[str, Resource]]] = field(default_factory=dict)
    limits: dict[str, dict[str, float]] = field(default_factory=dict)
    requests: dict[str, tuple[str, Resource]] = field(default_factory=dict)
    metadata: Resource = field(default_factory=lambda: {"kind": "compute#metadata"})

    def shelf(self, collection: str, scope: str) -> dict[str, Resource]:
        """Return the resources of a collection in one scope, by name; put new ones there."""
        return self.resources.setdefault(collection, {}).setdefault(scope, {})

    def every(self, collection: str) -> Iterator[Resource]:
        """Yield the resources of a collection in all scopes."""
        for shelf in self.resources.get(collection, {}).values():
            yield from shelf.values()


@dataclass
class World:
    """One Google Cloud. Times are in seconds; whoever calls holds the cloud's lock."""

    transition_seconds: float
    projects: dict[str, Project] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    busy: dict[str, Resource] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def later(self, seconds: float, happens: Callable[[], None]) -> None:
        """Let something happen after some seconds."""
        heapq.heappush(self._due, (self.clock() + seconds, next(self._numbers), happens))

    def settle(self) -> None:
        """Let everything happen that is due by now."""
        now = self.clock()
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()

    def new_number(self) -> int:
        """Return a number that nothing else has."""
        return next(self._numbers)

    def new_id(self) -> str:
        """Return the id of a new resource, a number of 19 digits."""
        return str(4_000_000_000_000_000_000 + self.new_number() * 7_919_000_011)

    def get(self, where: Reference) -> Resource:
        """Return a resource; raises a refusal when it is not there."""
        project = self.projects.get(where.project)
        found = None if project is None else self.find(where)
        if found is None:
            raise not_found(where.path)
        return found

    def find(self, where: Reference) -> Resource | None:
        """Return a resource, None when it is not there."""
        project = self.projects.get(where.project)
        if project is None:
            return None
        return project.resources.get(where.collection, {}).get(where.scope, {}).get(where.name)


@dataclass(frozen=True)
class OperationFailure:
    """How an operation is to fail: Google's code of it, and the HTTP status that goes with it."""

    code: str
    status: int
    message: str


@dataclass(frozen=True)
class Work:
    """One call that was let in, and the world it changes."""

    world: World
    project: Project
    caller: Account
    method: Method
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Resource
    scope: str
    failure: OperationFailure | None = None

    def reference(self, collection: str, name: str) -> Reference:
        """Return a place in the scope of this call; `name` may be the resource's number as well.

        Paths take `[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?|[1-9][0-9]{0,19}`, the latter being the id.
        """
        if name.isdecimal():
            shelf = self.project.resources.get(collection, {}).get(self.scope, {})
            name = next((one for one, found in shelf.items() if found["id"] == name), name)
        return Reference(self.project.name, self.scope, collection, name)

    def linked(self, text: str, collection: str, named: str) -> Reference:
        """Return where a link in the body leads to; `named` is the field it stands in."""
        where = read_link(text, self.project.name, collection, named)
        require_visible(self.project.name, where)
        return where


def require_visible(project: str, where: Reference) -> None:
    """Refuse what belongs to another project, and not to everybody."""
    if where.project in (project, *PUBLIC_PROJECTS):
        return
    message = f"Required 'compute.{where.collection}.get' permission for '{where.path}'"
    raise refused(403, "forbidden", message, front=True)


def timestamp(moment: datetime | None = None) -> str:
    """Return a time as Compute Engine writes it, now when there is none."""
    moment = moment or datetime.now(UTC)
    return moment.astimezone(_PACIFIC).isoformat(timespec="milliseconds")


def fingerprint(content: Any) -> str:
    """Return the fingerprint of a content, eight bytes in base64."""
    written = json.dumps(content, sort_keys=True).encode()
    return base64.urlsafe_b64encode(hashlib.blake2b(written, digest_size=8).digest()).decode()
