"""A resource as the store holds it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from skyclust.model.resource import Resource
from skyclust.model.scope import ScopeState


class StoredResource(Resource):
    """A resource with its workspace and credential, and the state of its scope.

    `observed_at` is the latest time at which the cloud is known to have reported it so.
    `scope_state` is the result of the last read of its scope; None before the first read, and in a
    query of a past date.
    """

    # Validated when they were written: validating JSON again would take half the time of reading.
    attributes: dict[str, Any] = Field(default_factory=dict)
    workspace_id: str
    credential: str
    first_seen_at: datetime
    observed_at: datetime
    scope_state: ScopeState | None = None
