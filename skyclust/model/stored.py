"""A resource as the store holds it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from skyclust.model.resource import Resource
from skyclust.model.scope import ScopeState


class StoredResource(Resource):
    """A resource, whose it is, and how sure we are of it.

    `observed_at` is the latest moment of which we know that the cloud reported it so.
    `scope_state` is the outcome of the last read of its scope; None before the first one,
    and when the past was asked for.
    """

    # Checked when they were written: to check JSON again would take half the time of reading.
    attributes: dict[str, Any] = Field(default_factory=dict)
    workspace_id: str
    credential: str
    first_seen_at: datetime
    observed_at: datetime
    scope_state: ScopeState | None = None
