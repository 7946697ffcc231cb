"""The events of the inventory, written to the outbox in the transaction that makes them true.

    skyclust.inventory.changed                    a read found a scope changed
    skyclust.resource.added | changed | gone      an instance in it, up to a bound
    skyclust.inventory.synced                     a sync ended, with the counts of all changes

`skyclust.orchestration.dispatch` sends them after the commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from skyclust.event_labels import bounded_label, event_id, location_labels, related_run
from skyclust.model.change import Change, ScopeChanges
from skyclust.model.event import Event
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeKey
from skyclust.store import outbox, resources
from skyclust.store.types import now

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_RESOURCE_EVENTS: Final = 100
"""Events of single instances of one scope in one sync; those beyond are only counted."""


def scope_changed(  # noqa: PLR0917  all of it is one scope's read
    connection: Connection,
    workspace_id: str,
    key: ScopeKey,
    provider: str,
    changes: ScopeChanges,
    run_id: str | None,
) -> None:
    """Write what a read changed in its scope, if anything: the counts, and each instance.

    What the first read of a scope finds existed before: it is only counted.
    """
    if changes.at is None:
        return
    counts: dict[str, JsonValue] = {
        "added": len(changes.added),
        "changed": len(changes.changed),
        "gone": len(changes.gone),
        "unchanged": changes.unchanged,
    }
    of_instances: list[Event] = []
    if key.kind is ResourceKind.INSTANCE:
        newest = resources.changes(
            connection,
            workspace_id,
            since=changes.at,
            run_id=run_id,
            scope=key,
            limit=0 if changes.first else MOST_RESOURCE_EVENTS,
        )
        of_instances = [_resource_event(change) for change in reversed(newest)]
        total = len(changes.added) + len(changes.changed) + len(changes.gone)
        counts["left_out"] = total - len(of_instances)
    where = f"{workspace_id}.{key.credential}.{key.region}.{key.kind}"
    summary = Event(
        id=event_id("skyclust.inventory.changed", f"{run_id}.{where}.{changes.at.isoformat()}"),
        name="skyclust.inventory.changed",
        occurred_at=changes.at,
        resource={
            "prefect.resource.id": bounded_label(f"skyclust.scope.{where}"),
            "prefect.resource.name": f"{key.kind} of {key.credential} in {key.region}",
            **location_labels(workspace_id, provider, key.credential, key.region),
            "skyclust.kind": key.kind.value,
        },
        related=related_run(run_id),
        payload=counts,
    )
    outbox.add(connection, workspace_id, [summary, *of_instances])


def inventory_synced(
    connection: Connection, workspace_id: str, counts: Mapping[str, int], *, run_id: str
) -> None:
    """Write that a sync of a workspace ended, with its counts of scopes and of changes."""
    name = "skyclust.inventory.synced"
    event = Event(
        id=event_id(name, f"{run_id}.{workspace_id}"),
        name=name,
        occurred_at=now(),
        resource={
            "prefect.resource.id": f"skyclust.inventory.{workspace_id}",
            "prefect.resource.name": f"Inventory of {workspace_id}",
            "skyclust.workspace": workspace_id,
        },
        related=related_run(run_id),
        payload=dict(counts),
    )
    outbox.add(connection, workspace_id, [event])


def _resource_event(change: Change) -> Event:
    resource = change.resource
    name = f"skyclust.resource.{change.kind}"
    where = f"{change.credential}.{resource.region}.{resource.kind}.{resource.id}"
    return Event(
        id=event_id(name, f"{change.run_id}.{change.workspace_id}.{where}.{change.at.isoformat()}"),
        name=name,
        occurred_at=change.at,
        resource={
            "prefect.resource.id": bounded_label(
                f"skyclust.resource.{change.workspace_id}.{where}"
            ),
            "prefect.resource.name": bounded_label(resource.name or resource.id),
            **location_labels(
                change.workspace_id, resource.provider, change.credential, resource.region
            ),
            "skyclust.kind": resource.kind.value,
        },
        related=related_run(change.run_id),
        payload={
            "state": resource.state,
            "changed": [
                bounded_label(field) for field in sorted(change.after)[:MOST_RESOURCE_EVENTS]
            ],
        },
    )
