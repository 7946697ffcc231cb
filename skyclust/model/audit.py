"""The audit trail: who did what, in an order that cannot be changed unnoticed."""

from __future__ import annotations

import hashlib
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class AuditEntry(BaseModel):
    """One line of a workspace's trail.

    `hash` covers every other field and the hash of the line before (`previous_hash`).
    """

    model_config = ConfigDict(frozen=True)

    workspace_id: str
    sequence: int
    at: datetime
    actor: str
    action: str
    object: str
    detail: dict[str, JsonValue] = Field(default_factory=dict)
    previous_hash: str
    hash: str


class AuditProblem(BaseModel):
    """What is wrong with a trail; `sequence` is the first line concerned, None for its head."""

    model_config = ConfigDict(frozen=True)

    workspace_id: str
    sequence: int | None
    problem: str


def genesis_hash(workspace_id: str) -> str:
    """Return the hash that stands before a workspace's first line.

    It is made of the workspace's id, so that one workspace's trail is none for another.
    """
    return hashlib.sha256(f"skyclust audit {workspace_id}".encode()).hexdigest()
