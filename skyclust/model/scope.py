"""A scope: the smallest part of the inventory that is read completely or not at all."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from skyclust.model.resource import ResourceKind


class ScopeState(StrEnum):
    """How reliable the stored resources of a scope are."""

    FRESH = "fresh"  # the last read was complete
    STALE = "stale"  # rows of an earlier complete read are kept; the last read failed
    FAILED = "failed"  # never read completely
    UNSUPPORTED = "unsupported"  # the provider or this installation has no such kind


class ScopeKey(BaseModel):
    """(credential, region, kind), within a workspace."""

    model_config = ConfigDict(frozen=True)

    credential: str
    region: str
    kind: ResourceKind


class Scope(BaseModel):
    """A scope and the outcome of its last reads."""

    model_config = ConfigDict(frozen=True)

    workspace_id: str
    key: ScopeKey
    provider: str
    state: ScopeState
    resources: int = 0
    completed_at: datetime | None = None
    attempted_at: datetime | None = None
    error: str | None = None
    error_class: str | None = None
    run_id: str | None = None
