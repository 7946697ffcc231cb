"""Records of the inventory as flat rows, for tables and for JSON."""

from __future__ import annotations

from typing import Any

from skyclust.model.change import Change
from skyclust.model.resource import ChangeKind
from skyclust.model.scope import Scope
from skyclust.model.stored import StoredResource


def resource_row(resource: StoredResource) -> dict[str, Any]:
    """Return a resource's fields, without its workspace."""
    return resource.model_dump(exclude={"workspace_id"})


def instance_row(instance: StoredResource) -> dict[str, Any]:
    """Return an instance's fields, with its attributes beside them."""
    row = instance.model_dump(exclude={"workspace_id", "attributes", "kind"})
    return row | {key: value for key, value in instance.attributes.items() if key not in row}


def change_row(change: Change) -> dict[str, Any]:
    """Return a change's fields and those of its resource that identify it."""
    return {
        "at": change.at,
        "change": change.kind,
        "kind": change.resource.kind,
        "provider": change.resource.provider,
        "name": change.resource.name,
        "id": change.resource.id,
        "credential": change.credential,
        "region": change.resource.region,
        "state": change.resource.state,
        "changed": sorted(change.after) if change.kind is ChangeKind.CHANGED else [],
        "before": change.before,
        "after": change.after,
        "run_id": change.run_id,
    }


def scope_row(scope: Scope) -> dict[str, Any]:
    """Return a scope's key and its other fields, without its workspace."""
    return {
        "credential": scope.key.credential,
        "region": scope.key.region,
        "kind": scope.key.kind,
        **scope.model_dump(exclude={"workspace_id", "key"}),
    }
