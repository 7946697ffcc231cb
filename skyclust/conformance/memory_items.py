"""The items of the cloud in memory, and its error codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

TYPES: Final = {"small": (1, 2048), "medium": (2, 4096), "large": (4, 8192)}
"""Cores and MiB of memory of each size."""


class Code(StrEnum):
    """The error codes of the cloud, and those for a missing answer."""

    BAD_KEY = "BadKey"
    KEY_EXPIRED = "KeyExpired"
    FORBIDDEN = "Forbidden"
    SLOW_DOWN = "SlowDown"
    INTERNAL = "Internal"
    NO_ANSWER = "NoAnswer"
    NO_CONNECTION = "NoConnection"
    NO_SUCH_REGION = "NoSuchRegion"
    NO_SUCH_SERVER = "NoSuchServer"
    NO_SUCH_IMAGE = "NoSuchImage"
    NO_SUCH_NETWORK = "NoSuchNetwork"
    NO_SUCH_TYPE = "NoSuchType"
    WRONG_STATE = "WrongState"
    BUSY = "Busy"
    TOKEN_REUSED = "TokenReused"  # noqa: S105  # an error code
    NO_SUCH_DISK = "NoSuchDisk"
    NO_SUCH_SNAPSHOT = "NoSuchSnapshot"
    DISK_IN_USE = "DiskInUse"
    FULL = "Full"
    LIMIT_REACHED = "LimitReached"
    GARBLED = "Garbled"


class CloudError(Exception):
    """The cloud's own error, as an SDK would raise it."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Item:
    """A server, disk, image, network or snapshot, as the API shows it."""

    id: str
    name: str
    status: str
    made: float
    labels: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """The next status of an item, and its time on the monotonic clock."""

    status: str
    at: float


@dataclass(frozen=True)
class RegionItems:
    """The items of a region, by id."""

    servers: dict[str, Item]
    disks: dict[str, Item]
    snapshots: dict[str, Item]

    def server(self, server_id: str) -> Item:
        """Return a server that is not deleted."""
        server = self.servers.get(server_id)
        if server is None or server.status in {"ending", "ended"}:
            raise CloudError(Code.NO_SUCH_SERVER, f"there is no server {server_id}")
        return server
