"""The resources of an estate as its bill sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class BilledKind(StrEnum):
    """The kinds of resources that a bill has charges for."""

    INSTANCE = "instance"
    DISK = "disk"
    ADDRESS = "address"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True)
class BilledResource:
    """One resource of the estate.

    `size_gb` is the size of a disk or snapshot. An instance is billed from `created_at` until
    `stopped_at`, in UTC; a disk with `attached_to` belongs to that instance. `public` says that an
    instance sends data to the internet.
    """

    id: str
    kind: BilledKind
    type: str
    region: str
    created_at: datetime
    name: str | None = None
    zone: str | None = None
    sub_account: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    stopped_at: datetime | None = None
    size_gb: int = 0
    attached_to: str | None = None
    public: bool = False
