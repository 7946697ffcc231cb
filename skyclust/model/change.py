"""What became different in an inventory."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from skyclust.model.resource import ChangeKind, Resource


class Change(BaseModel):
    """One resource that was added, changed or gone.

    `at` is when the store learned of it. `resource` is the resource after the change, or as
    it was last known when it is gone. `before` and `after` hold what differs, both by the same
    names, those of tags and attributes as `tags.NAME` and `attributes.NAME`, None where there
    was nothing; both are empty unless the kind is CHANGED.
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
    """What a complete read changed in its scope: the ids of resources, in the read's order.

    `at` is when the store learned of it, None when nothing changed. `first` says that the scope
    was never read completely before. `superseded` says that a younger read was stored before,
    and this one wrote nothing.
    """

    model_config = ConfigDict(frozen=True)

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    unchanged: int = 0
    at: datetime | None = None
    first: bool = False
    superseded: bool = False
