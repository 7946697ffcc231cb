"""The audit trail: who did what, in a hash chain that reveals any later change."""

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
    """A defect of a trail; `sequence` is the first affected line, None for a defect of the head."""

    model_config = ConfigDict(frozen=True)

    workspace_id: str
    sequence: int | None
    problem: str


class AuditHead(BaseModel):
    """The head of a trail: the number and the hash of its last line; 0 for an empty trail.

    A copy that is kept elsewhere shows later whether the trail still contains that line.
    """

    model_config = ConfigDict(frozen=True)

    sequence: int
    hash: str

    def __str__(self) -> str:
        """Return the head as text: the number, a colon, and the hash."""
        return f"{self.sequence}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> AuditHead:
        """Return the head that a text holds; raises ValueError for any other text."""
        match = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", text.strip().lower())
        if match is None:
            raise ValueError("is not a head: NUMBER:HASH, as `skyclust audit verify` prints it")
        return cls(sequence=int(match[1]), hash=match[2])


def genesis_hash(workspace_id: str) -> str:
    """Return the hash that precedes the first line of a workspace's trail.

    It is derived from the workspace's id, so that the trail of one workspace is not valid for
    another.
    """
    return hashlib.sha256(f"skyclust audit {workspace_id}".encode()).hexdigest()
