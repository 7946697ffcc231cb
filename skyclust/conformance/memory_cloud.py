"""A cloud in memory, with an API of its own: the server side of the memory provider.

It has terms of its own (a server is "active", a time is seconds since 1970) and error codes of its
own, which the provider translates. One lock makes every call atomic.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from skyclust.conformance.harness import Failure
from skyclust.conformance.memory_failures import FailureState
from skyclust.conformance.memory_items import TYPES, Change, CloudError, Code, Item, RegionItems

LARGEST_PAGE: Final = 100
START_OF_TIME: Final = 1_767_225_600.0  # 2026-01-01T00:00:00Z


class MemoryCloud:
    """One account of a cloud with several regions, with methods for tests to control it."""

    def __init__(
        self,
        *,
        key: str = "memory-key",
        regions: Sequence[str] = ("east-1", "north-1", "west-1"),
        transition_seconds: float = 0.01,
    ) -> None:
        self._key = key
        self._regions = tuple(regions)
        self._transition_seconds = transition_seconds
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._items: dict[tuple[str, str], dict[str, Item]] = {}
        self._changes: dict[str, Change] = {}
        self._requests: dict[tuple[str, str], tuple[object, str]] = {}
        self._failures = FailureState()
        self.calls = 0
        self.reboots = 0

    # For tests.

    def fail(self, failure: Failure, region: str) -> None:
        """Fail from now on; DENIED in one region, every other failure in all regions."""
        with self._lock:
            self._failures.failure, self._failures.denied = failure, region

    def recover(self) -> None:
        """End the failure."""
        with self._lock:
            self._failures.end()

    def interrupt_after(self, calls: int) -> None:
        """Lose the reply of the call after a number of calls, and answer no later call."""
        with self._lock:
            self._failures.calls_left = calls

    def add(self, region: str, kind: str, name: str, **details: str) -> Item:
        """Add an item, which is ready at once, and return it."""
        with self._lock:
            number = next(self._numbers)
            status = "active" if kind == "server" else "ready"
            item = Item(
                f"{kind}-{number:06d}", name, status, START_OF_TIME + number, details=details
            )
            self._items_of(region, kind)[item.id] = item
            return item

    def reuse_id(self, region: str, server_id: str) -> str:
        """Replace a deleted instance by another one with its id; return its serial number."""
        with self._lock:
            serial = f"serial-{next(self._numbers):06d}"
            ended = self._server(region, server_id)
            details = {**ended.details, "serial": serial, "token": ""}
            self._items_of(region, "server")[server_id] = replace(
                ended, status="active", details=details
            )
            return serial

    def corrupt(self, region: str, kind: str) -> str:
        """Show the newest item of a kind with an invalid time; return its id."""
        with self._lock:
            *_, item = self._items_of(region, kind).values()
            self._items_of(region, kind)[item.id] = replace(item, made=float("nan"))
            return item.id

    def existing(self, region: str, kind: str) -> list[Item]:
        """Return the items of a kind, without deleted instances."""
        with self._lock:
            self._complete_changes(region)
            items = self._items_of(region, kind).values()
            return [item for item in items if item.status != "ended"]

    # The API.

    def whoami(self, key: str) -> str:
        """Return the name of the key's owner."""
        with self._lock:
            self._authorize(key)
            return "memory-owner"

    def check_region(self, key: str, region: str) -> None:
        """Raise CloudError unless the region exists and is permitted."""
        with self._lock:
            self._authorize(key, region)

    def list_regions(self, key: str) -> list[str]:
        """Return the regions in no particular order."""
        with self._lock:
            self._authorize(key)
            return list(reversed(self._regions))

    def list_items(
        self, key: str, region: str, kind: str, *, limit: int | None = None, after: str = ""
    ) -> tuple[list[Item], str]:
        """Return one page of items and the marker for the next; "" after the last page."""
        with self._lock:
            self._authorize(key, region)
            self._failures.raise_for_list()
            if self._failures.failure is Failure.ENDLESS:
                after = ""
            limit = min(limit or LARGEST_PAGE, LARGEST_PAGE)
            rest = sorted(i for i in self._items_of(region, kind) if i > after)
            page = [self._items_of(region, kind)[item_id] for item_id in rest[:limit]]
            return page, rest[limit - 1] if len(rest) > limit else ""

    def get_server(self, key: str, region: str, server_id: str) -> Item:
        """Return an instance; a deleted instance is still shown."""
        with self._lock:
            self._authorize(key, region)
            return self._server(region, server_id)

    def create_server(
        self,
        key: str,
        region: str,
        *,
        token: str,
        name: str,
        type_name: str,
        image: str,
        network: str,
        labels: Mapping[str, str],
        disks: Sequence[int],
    ) -> Item:
        """Create an instance, or return the instance of this token."""
        with self._lock:
            self._authorize(key, region)
            request = (name, type_name, image, network, tuple(sorted(labels.items())), (*disks,))
            earlier = self._requests.get((region, token))
            if earlier is not None:
                if earlier[0] != request:
                    raise CloudError(Code.TOKEN_REUSED, f"{token} was used for another request")
                return self._server(region, earlier[1])
            self._must_exist(region, type_name, image, network)
            if self._failures.failure is Failure.NO_CAPACITY:
                raise CloudError(Code.FULL, f"there is no capacity for a {type_name}")
            if self._failures.failure is Failure.NO_QUOTA:
                raise CloudError(Code.LIMIT_REACHED, "the limit of servers is reached")
            server = self.add(
                region, "server", name, type=type_name, image=image, network=network, token=token
            )
            server = replace(server, labels=dict(labels), made=time.time())
            self._items_of(region, "server")[server.id] = server
            for size in (10, *disks):
                self.add(region, "disk", name, server=server.id, size=str(size))
            self._requests[region, token] = (request, server.id)
            self._set(region, server.id, "building", then="active")
            self._failures.lose_reply(of_create=True)
            return self._server(region, server.id)

    @contextmanager
    def opened(self, key: str, region: str, *, changes: bool = True) -> Iterator[RegionItems]:
        """Lock a region and yield its items; `changes`: the caller may change them."""
        with self._lock:
            self._authorize(key, region)
            yield RegionItems(
                self._items_of(region, "server"),
                self._items_of(region, "disk"),
                self._items_of(region, "snapshot"),
            )
            if changes:
                self._failures.lose_reply()

    def start_server(self, key: str, region: str, server_id: str) -> None:
        """Start an instance that is off; nothing changes if it is on."""
        with self._lock:
            self._authorize(key, region)
            if self._changeable_status(region, server_id) == "off":
                self._set(region, server_id, "building", then="active")
                self._failures.lose_reply()

    def stop_server(self, key: str, region: str, server_id: str) -> None:
        """Switch an instance off; nothing changes if it is off."""
        with self._lock:
            self._authorize(key, region)
            if self._changeable_status(region, server_id) == "active":
                self._set(region, server_id, "switching-off", then="off")
                self._failures.lose_reply()

    def reboot_server(self, key: str, region: str, server_id: str) -> None:
        """Reboot an instance that is on."""
        with self._lock:
            self._authorize(key, region)
            if self._changeable_status(region, server_id) != "active":
                raise CloudError(Code.WRONG_STATE, f"{server_id} is not on")
            self.reboots += 1
            self._set(region, server_id, "building", then="active")
            self._failures.lose_reply()

    def set_server_type(self, key: str, region: str, server_id: str, type_name: str) -> None:
        """Change the type of an instance that is off."""
        with self._lock:
            self._authorize(key, region)
            if self._changeable_status(region, server_id) != "off":
                raise CloudError(Code.WRONG_STATE, f"{server_id} must be off")
            if type_name not in TYPES:
                raise CloudError(Code.NO_SUCH_TYPE, f"there is no type {type_name}")
            server = self._server(region, server_id)
            details = {**server.details, "type": type_name}
            self._items_of(region, "server")[server_id] = replace(server, details=details)
            self._failures.lose_reply()

    def delete_server(self, key: str, region: str, server_id: str) -> None:
        """Delete an instance in any state, and its data disks with it."""
        with self._lock:
            self._authorize(key, region)
            if self._server(region, server_id).status not in {"ending", "ended"}:
                self._set(region, server_id, "ending", then="ended")
                self._failures.lose_reply()

    # Internal.

    def _authorize(self, key: str, region: str | None = None) -> None:
        self.calls += 1
        self._failures.count()
        if key != self._key:
            raise CloudError(Code.BAD_KEY, "the key is unknown")
        self._failures.raise_for_call()
        if region is not None:
            if region not in self._regions:
                raise CloudError(Code.NO_SUCH_REGION, f"there is no region {region}")
            self._failures.raise_for_region(region)
            self._complete_changes(region)

    def _items_of(self, region: str, kind: str) -> dict[str, Item]:
        return self._items.setdefault((region, kind), {})

    def _server(self, region: str, server_id: str) -> Item:
        server = self._items_of(region, "server").get(server_id)
        if server is None:
            raise CloudError(Code.NO_SUCH_SERVER, f"there is no server {server_id}")
        return server

    def _changeable_status(self, region: str, server_id: str) -> str:
        """Return the state of an instance that can be changed: "active" or "off"."""
        status = self._server(region, server_id).status
        if status in {"ending", "ended"}:
            raise CloudError(Code.WRONG_STATE, f"{server_id} is {status}")
        if status not in {"active", "off"}:
            raise CloudError(Code.BUSY, f"{server_id} is {status}")
        return status

    def _must_exist(self, region: str, type_name: str, image: str, network: str) -> None:
        if type_name not in TYPES:
            raise CloudError(Code.NO_SUCH_TYPE, f"there is no type {type_name}")
        if image not in self._items_of(region, "image"):
            raise CloudError(Code.NO_SUCH_IMAGE, f"there is no image {image}")
        if network not in self._items_of(region, "network"):
            raise CloudError(Code.NO_SUCH_NETWORK, f"there is no network {network}")

    def _set(self, region: str, server_id: str, status: str, *, then: str) -> None:
        server = self._server(region, server_id)
        self._items_of(region, "server")[server_id] = replace(server, status=status)
        self._changes[server_id] = Change(then, time.monotonic() + self._transition_seconds)

    def _complete_changes(self, region: str) -> None:
        """Complete every change that is due."""
        servers, disks = self._items_of(region, "server"), self._items_of(region, "disk")
        for server_id in [*self._changes]:
            change = self._changes[server_id]
            if server_id not in servers or change.at > time.monotonic():
                continue
            del self._changes[server_id]
            servers[server_id] = replace(servers[server_id], status=change.status)
            if change.status == "ended":
                for disk in [d for d in disks.values() if d.details.get("server") == server_id]:
                    if "kept" in disk.details:
                        disks[disk.id] = replace(disk, details={"size": disk.details["size"]})
                    else:
                        del disks[disk.id]
