"""Snapshots of instances: all disks of an instance at one time."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict


class SnapshotState(StrEnum):
    """Whether a snapshot can be restored."""

    PENDING = "pending"
    AVAILABLE = "available"
    DELETING = "deleting"
    ERROR = "error"


class InstanceSnapshot(BaseModel):
    """A snapshot of all disks of an instance at one time, under one id.

    Where a cloud takes snapshots of single disks, `parts` are their ids, one for each disk, and
    `id` is the id that groups them; elsewhere `parts` is empty. `token` is the idempotency token
    that the snapshot was taken with, None for a snapshot that was taken by other means.
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    region: str
    instance_id: str
    id: str
    name: str
    state: SnapshotState
    native_state: str
    token: str | None = None
    parts: tuple[str, ...] = ()
    created_at: AwareDatetime | None = None
