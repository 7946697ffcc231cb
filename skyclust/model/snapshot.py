"""Snapshots of machines: all disks of one machine at one moment."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict


class SnapshotState(StrEnum):
    """Whether a machine can be put back to a snapshot."""

    PENDING = "pending"
    AVAILABLE = "available"
    DELETING = "deleting"
    ERROR = "error"


class InstanceSnapshot(BaseModel):
    """All disks of a machine as they were at one moment, under one id.

    Where a cloud takes snapshots disk by disk, `parts` are the ids of those, one a disk, and
    `id` is what holds them together; elsewhere `parts` is empty. `token` is the idempotency
    token that the snapshot was made with, None for one made by other means.
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
