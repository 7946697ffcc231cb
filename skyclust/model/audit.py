"""The audit trail: who did what, in an order that cannot be changed unnoticed."""

from __future__ import annotations

import hashlib
import re
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


class AuditHead(BaseModel):
    """How far a trail has come: its last line's number, 0 for none, and that line's hash.

    Whoever notes it elsewhere can tell later whether the trail still has that line.
    """

    model_config = ConfigDict(frozen=True)

    sequence: int
    hash: str

    def __str__(self) -> str:
        """Return the head as it is noted: the number, a colon, and the hash."""
        return f"{self.sequence}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> AuditHead:
        """Return the head that was noted; raises ValueError for another text."""
        match = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", text.strip().lower())
        if match is None:
            raise ValueError("is no head: NUMBER:HASH, as `skyclust audit verify` prints it")
        return cls(sequence=int(match[1]), hash=match[2])


def genesis_hash(workspace_id: str) -> str:
    """Return the hash that stands before a workspace's first line.

    It is made of the workspace's id, so that one workspace's trail is none for another.
    """
    return hashlib.sha256(f"skyclust audit {workspace_id}".encode()).hexdigest()
