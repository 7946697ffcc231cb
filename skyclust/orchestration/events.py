"""Events: what happened, for automations and for other systems to react to.

    skyclust.resource.added | changed | gone      one a resource, up to a bound a sync
    skyclust.inventory.synced                     one a sync, with the counts of all changes
    skyclust.instance.created | started | stopped | rebooted | resized | deleted | restored
                      | tagged | snapshot.created | snapshot.deleted | disk.attached
                      | disk.detached             one an operation that succeeded

An event's id is derived from what it tells, so a run that repeats itself repeats the id and
a subscriber can drop the second one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID, uuid5

from prefect.events import emit_event
from pydantic import JsonValue

from skyclust.model.change import Change
from skyclust.model.operation import Operation, OperationKind

MOST_RESOURCE_EVENTS: Final = 500
"""Events of single resources in one sync; beyond it only the summary tells the number."""

_NAMESPACE: Final = UUID("8c1b7c1e-3b7a-5d0a-9b57-6f1c3f0f2d41")

_DONE: Final = {
    OperationKind.CREATE: "created",
    OperationKind.START: "started",
    OperationKind.STOP: "stopped",
    OperationKind.REBOOT: "rebooted",
    OperationKind.RESIZE: "resized",
    OperationKind.DELETE: "deleted",
    OperationKind.SNAPSHOT: "snapshot.created",
    OperationKind.RESTORE: "restored",
    OperationKind.DELETE_SNAPSHOT: "snapshot.deleted",
    OperationKind.ATTACH_DISK: "disk.attached",
    OperationKind.DETACH_DISK: "disk.detached",
    OperationKind.SET_TAGS: "tagged",
}

_SUBJECTS: Final = ("snapshot", "snapshot_id", "disk_id")
"""What of a request an event tells beside the machine."""


def instance_changed(operation: Operation) -> None:
    """Tell that an operation succeeded: `skyclust.instance.created` and the like."""
    _emit(
        f"skyclust.instance.{_DONE[operation.kind]}",
        unique=operation.id,
        resource={
            "prefect.resource.id": ".".join(
                [
                    "skyclust.instance",
                    operation.workspace_id,
                    operation.credential,
                    operation.region,
                    operation.instance_id or "",
                ]
            ),
            "prefect.resource.name": operation.instance_name or operation.instance_id or "",
            "skyclust.workspace": operation.workspace_id,
            "skyclust.provider": operation.provider,
            "skyclust.credential": operation.credential,
            "skyclust.region": operation.region,
        },
        payload={
            "operation": operation.id,
            "kind": operation.kind.value,
            **{name: operation.request[name] for name in _SUBJECTS if name in operation.request},
        },
    )


def resources_changed(changes: Iterable[Change], *, run_id: str) -> int:
    """Tell each change of a resource, at most MOST_RESOURCE_EVENTS; return how many were told."""
    told = 0
    for change in changes:
        if told == MOST_RESOURCE_EVENTS:
            break
        resource = change.resource
        name = f"{change.credential}.{resource.region}.{resource.kind}.{resource.id}"
        _emit(
            f"skyclust.resource.{change.kind}",
            unique=f"{run_id}.{change.workspace_id}.{name}",
            resource={
                "prefect.resource.id": f"skyclust.resource.{change.workspace_id}.{name}",
                "prefect.resource.name": resource.name or resource.id,
                "skyclust.workspace": change.workspace_id,
                "skyclust.provider": resource.provider,
                "skyclust.credential": change.credential,
                "skyclust.region": resource.region,
                "skyclust.kind": resource.kind.value,
            },
            payload={"state": resource.state, "changed": [*sorted(change.after)]},
        )
        told += 1
    return told


def inventory_synced(workspace_id: str, counts: Mapping[str, int], *, run_id: str) -> None:
    """Tell that a sync of a workspace is over, with its counts of scopes and of changes."""
    _emit(
        "skyclust.inventory.synced",
        unique=f"{run_id}.{workspace_id}",
        resource={
            "prefect.resource.id": f"skyclust.inventory.{workspace_id}",
            "prefect.resource.name": f"Inventory of {workspace_id}",
            "skyclust.workspace": workspace_id,
        },
        payload=dict(counts),
    )


def _emit(
    event: str, *, unique: str, resource: dict[str, str], payload: Mapping[str, JsonValue]
) -> None:
    emit_event(
        event=event,
        resource=resource,
        payload=dict(payload),
        id=uuid5(_NAMESPACE, f"{event}.{unique}"),
    )
