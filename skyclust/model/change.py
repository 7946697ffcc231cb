"""Changes of an inventory."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from skyclust.model.resource import ChangeKind, Resource


class Change(BaseModel):
    """One resource that was added, changed or gone.

    `at` is when the store recorded it. `resource` is the resource after the change; for a resource
    that is gone, its last known version. `before` and `after` hold the values that differ, under
    the same keys; tags and attributes have the keys `tags.NAME` and `attributes.NAME`, and a
    missing value is None. Both are empty unless the kind is CHANGED.
    """

    model_config = ConfigDict(frozen=True)

    workspace_id: str
    credential: str
    kind: ChangeKind
    at: datetime
    run_id: str | None
    resource: Resource
    before: dict[str, JsonValue] = Field(default_factory=dict)
    after: dict[str, JsonValue] = Field(default_factory=dict)


class ScopeChanges(BaseModel):
    """The changes that a complete read made in its scope: ids of resources, in the read's order.

    `at` is when the store recorded them, None when nothing changed. `first`: the scope was never
    read completely before. `superseded`: a younger read was stored before, and this read wrote
    nothing.
    """

    model_config = ConfigDict(frozen=True)

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    unchanged: int = 0
    at: datetime | None = None
    first: bool = False
    superseded: bool = False
