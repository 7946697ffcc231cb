"""The estate that advice is about: the resources of a workspace, their age and their use.

A resource of a scope that is not fresh is not judged: it may have changed since. One with the tag
`skyclust:keep` is wanted as it is, and no rule looks at it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from skyclust.costs.resource_matching import ResourceKey, resource_key
from skyclust.model.instance_metrics import MetricsRecord
from skyclust.model.kept import is_kept
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeState
from skyclust.model.stored import StoredResource
from skyclust.store import instance_metrics, resource_ages, resources, scopes, workspaces
from skyclust.store.engine import Store

LOOK_BACK: Final = timedelta(days=92)
"""A resize before does not matter: prices are of the days after (`paid_costs.LOOK_BACK_DAYS`)."""


@dataclass(frozen=True)
class Estate:
    """The resources of a workspace; `unchanged` is since when each is known to be as it is.

    `metrics` are the last summaries of instances, `resized` says when instances got their type.
    """

    resources: Sequence[StoredResource]
    unchanged: Mapping[ResourceKey, datetime] = field(default_factory=dict)
    scopes: Sequence[Scope] = ()
    metrics: Mapping[ResourceKey, MetricsRecord] = field(default_factory=dict)
    resized: Mapping[ResourceKey, datetime] = field(default_factory=dict)

    def unchanged_since(self, resource: StoredResource) -> datetime:
        """Return since when a resource is as it is now, at least."""
        return self.unchanged.get(resource_key(resource), resource.first_seen_at)

    def fresh(self, kind: ResourceKind) -> list[StoredResource]:
        """Return the resources of a kind that may be judged."""
        return [
            one
            for one in self.resources
            if one.kind is kind and one.scope_state is ScopeState.FRESH and not is_kept(one)
        ]

    def not_fresh(self, kind: ResourceKind) -> list[StoredResource]:
        """Return the resources of a kind that are of scopes that are not fresh."""
        return [
            one
            for one in self.resources
            if one.kind is kind and one.scope_state is not ScopeState.FRESH
        ]

    def is_read(self, credential: str, region: str, kind: ResourceKind) -> bool:
        """Return whether the last read of a scope was complete."""
        return any(
            scope.state is ScopeState.FRESH
            and (scope.key.credential, scope.key.region, scope.key.kind)
            == (credential, region, kind)
            for scope in self.scopes
        )


def read_estate(
    store: Store,
    workspace_id: str,
    credentials: Sequence[str] = (),
    *,
    now: datetime | None = None,
) -> Estate:
    """Return the estate of a workspace, of all credentials or of those named.

    Raises NotFound for an unknown workspace.
    """
    start = (now or datetime.now(UTC)) - LOOK_BACK
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        kept = instance_metrics.list_all(connection, workspace_id, credentials=credentials)
        instance = ResourceKind.INSTANCE.value
        return Estate(
            resources.find(connection, workspace_id, credentials=credentials),
            resource_ages.unchanged_since(connection, workspace_id),
            scopes.list_all(connection, workspace_id, credentials=credentials),
            {(one.credential, one.region, instance, one.instance_id): one for one in kept},
            resource_ages.resized_at(connection, workspace_id, start),
        )
