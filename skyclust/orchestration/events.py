"""Events: what happened, for automations and for other systems to react to.

    skyclust.operation.requested                  one an operation that is journalled
                      | succeeded | failed | undone    and one that came to its end, however
                      | needs-attention          one that waits for a person
    skyclust.instance.created | started | stopped | rebooted | resized | deleted | restored
                      | tagged | snapshot.created | snapshot.deleted | disk.attached
                      | disk.detached             one an operation that succeeded
    skyclust.inventory.changed                    one a scope that a read found changed
    skyclust.resource.added | changed | gone      one a machine in it, up to a bound
    skyclust.inventory.synced                     one a sync, with the counts of all changes

Each function writes to the outbox in the transaction of what it tells, and
`skyclust.orchestration.dispatch` sends it after the commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from pydantic import JsonValue

from skyclust.model.change import Change, ScopeChanges
from skyclust.model.event import Event
from skyclust.model.operation import Operation, OperationKind, OperationState
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeKey
from skyclust.store import outbox, resources
from skyclust.store.types import now

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_RESOURCE_EVENTS: Final = 100
"""Events of single machines of one scope in one sync; what is beyond is only counted."""

LONGEST_TEXT: Final = 1000
"""Characters of one label or reason. Prefect keeps an event of up to 1.5 MB, and drops a larger
one silently (`PREFECT_SERVER_EVENTS_MAXIMUM_SIZE_BYTES`); PostgreSQL indexes no id of a resource
beyond 2,704 bytes, a third of a page (https://www.postgresql.org/docs/15/btree-limits.html)."""

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


def operations_requested(connection: Connection, operations: Sequence[Operation]) -> None:
    """Tell that operations were journalled: `skyclust.operation.requested`."""
    for workspace_id, mine in _by_workspace(operations):
        told = [_of_operation(one, "requested") for one in mine]
        outbox.add(connection, workspace_id, told)


def operations_ended(connection: Connection, operations: Sequence[Operation]) -> None:
    """Tell how operations ended, and of those that succeeded what became of their machines."""
    for workspace_id, mine in _by_workspace(operations):
        told: list[Event] = []
        for one in mine:
            told.append(_of_operation(one, one.state.value))
            if one.state is OperationState.SUCCEEDED:
                told.append(_of_instance(one))
        outbox.add(connection, workspace_id, told)


def operation_needs_attention(connection: Connection, parked: Operation) -> None:
    """Tell that an operation waits for a person: `skyclust.operation.needs-attention`."""
    outbox.add(connection, parked.workspace_id, [_of_operation(parked, parked.state.value)])


def scope_changed(  # noqa: PLR0917  all of it is one scope's read
    connection: Connection,
    workspace_id: str,
    key: ScopeKey,
    provider: str,
    changes: ScopeChanges,
    run_id: str | None,
) -> None:
    """Tell what a read changed in its scope, if anything: the counts, and machines one by one.

    What a scope's first read finds was there before: it is counted only.
    """
    if changes.at is None:
        return
    counts: dict[str, JsonValue] = {
        "added": len(changes.added),
        "changed": len(changes.changed),
        "gone": len(changes.gone),
        "unchanged": changes.unchanged,
    }
    told: list[Event] = []
    if key.kind is ResourceKind.INSTANCE:
        single = resources.changes(
            connection,
            workspace_id,
            since=changes.at,
            run_id=run_id,
            scope=key,
            limit=0 if changes.first else MOST_RESOURCE_EVENTS,
        )
        told += [_of_resource(one) for one in reversed(single)]
        total = len(changes.added) + len(changes.changed) + len(changes.gone)
        counts["left_out"] = total - len(told)
    place = f"{workspace_id}.{key.credential}.{key.region}.{key.kind}"
    summary = Event(
        id=_identity("skyclust.inventory.changed", f"{run_id}.{place}.{changes.at.isoformat()}"),
        name="skyclust.inventory.changed",
        occurred_at=changes.at,
        resource={
            "prefect.resource.id": _bounded(f"skyclust.scope.{place}"),
            "prefect.resource.name": f"{key.kind} of {key.credential} in {key.region}",
            **_labels(workspace_id, provider, key.credential, key.region),
            "skyclust.kind": key.kind.value,
        },
        related=_run(run_id),
        payload=counts,
    )
    outbox.add(connection, workspace_id, [summary, *told])


def inventory_synced(
    connection: Connection, workspace_id: str, counts: Mapping[str, int], *, run_id: str
) -> None:
    """Tell that a sync of a workspace is over, with its counts of scopes and of changes."""
    name = "skyclust.inventory.synced"
    event = Event(
        id=_identity(name, f"{run_id}.{workspace_id}"),
        name=name,
        occurred_at=now(),
        resource={
            "prefect.resource.id": f"skyclust.inventory.{workspace_id}",
            "prefect.resource.name": f"Inventory of {workspace_id}",
            "skyclust.workspace": workspace_id,
        },
        related=_run(run_id),
        payload=dict(counts),
    )
    outbox.add(connection, workspace_id, [event])


def _by_workspace(
    operations: Sequence[Operation],
) -> Iterator[tuple[str, Iterator[Operation]]]:
    ordered = sorted(operations, key=attrgetter("workspace_id"))
    return groupby(ordered, key=attrgetter("workspace_id"))


def _of_operation(operation: Operation, outcome: str) -> Event:
    name = f"skyclust.operation.{outcome}"
    reason: dict[str, JsonValue] = {}
    if operation.error is not None:
        reason = {
            "error": operation.error[:LONGEST_TEXT],
            "error_class": operation.error_class,
        }
    return Event(
        id=_identity(name, f"{operation.id}.{operation.updated_at.isoformat()}"),
        name=name,
        occurred_at=operation.updated_at,
        resource={
            "prefect.resource.id": f"skyclust.operation.{operation.workspace_id}.{operation.id}",
            "prefect.resource.name": _bounded(f"{operation.kind} {_machine_name(operation)}"),
            **_operation_labels(operation),
            "skyclust.operation.kind": operation.kind.value,
        },
        related=_run(operation.run_id) + _machine(operation),
        payload=_told_of(operation) | reason,
    )


def _of_instance(operation: Operation) -> Event:
    name = f"skyclust.instance.{_DONE[operation.kind]}"
    return Event(
        id=_identity(name, operation.id),
        name=name,
        occurred_at=operation.updated_at,
        resource={
            "prefect.resource.id": _machine_id(operation),
            "prefect.resource.name": _machine_name(operation),
            **_operation_labels(operation),
        },
        related=_run(operation.run_id),
        payload=_told_of(operation),
    )


def _of_resource(change: Change) -> Event:
    resource = change.resource
    name = f"skyclust.resource.{change.kind}"
    place = f"{change.credential}.{resource.region}.{resource.kind}.{resource.id}"
    return Event(
        id=_identity(
            name, f"{change.run_id}.{change.workspace_id}.{place}.{change.at.isoformat()}"
        ),
        name=name,
        occurred_at=change.at,
        resource={
            "prefect.resource.id": _bounded(f"skyclust.resource.{change.workspace_id}.{place}"),
            "prefect.resource.name": _bounded(resource.name or resource.id),
            **_labels(change.workspace_id, resource.provider, change.credential, resource.region),
            "skyclust.kind": resource.kind.value,
        },
        related=_run(change.run_id),
        payload={
            "state": resource.state,
            "changed": [_bounded(field) for field in sorted(change.after)[:MOST_RESOURCE_EVENTS]],
        },
    )


def _told_of(operation: Operation) -> dict[str, JsonValue]:
    subjects: dict[str, JsonValue] = {
        field: operation.request[field] for field in _SUBJECTS if field in operation.request
    }
    return {"operation": operation.id, "kind": operation.kind.value, **subjects}


def _operation_labels(operation: Operation) -> dict[str, str]:
    return _labels(
        operation.workspace_id, operation.provider, operation.credential, operation.region
    )


def _labels(workspace_id: str, provider: str, credential: str, region: str) -> dict[str, str]:
    return {
        "skyclust.workspace": workspace_id,
        "skyclust.provider": provider,
        "skyclust.credential": credential,
        "skyclust.region": region,
    }


def _run(run_id: str | None) -> tuple[dict[str, str], ...]:
    if run_id is None:
        return ()
    return (
        {
            "prefect.resource.id": f"prefect.flow-run.{run_id}",
            "prefect.resource.role": "flow-run",
        },
    )


def _machine(operation: Operation) -> tuple[dict[str, str], ...]:
    if operation.instance_id is None:
        return ()
    return (
        {
            "prefect.resource.id": _machine_id(operation),
            "prefect.resource.role": "instance",
            "prefect.resource.name": _machine_name(operation),
        },
    )


def _machine_id(operation: Operation) -> str:
    place = f"{operation.workspace_id}.{operation.credential}.{operation.region}"
    return _bounded(f"skyclust.instance.{place}.{operation.instance_id or ''}")


def _machine_name(operation: Operation) -> str:
    return _bounded(operation.instance_name or operation.instance_id or "")


def _identity(name: str, unique: str) -> str:
    """Return the id of what is told: the same for the same, however often it is told."""
    return str(uuid5(_NAMESPACE, f"{name}.{unique}"))


def _bounded(text: str) -> str:
    """Return a label as it is, or one of bounded length that no other label shares."""
    if len(text) <= LONGEST_TEXT:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text[: LONGEST_TEXT - len(digest) - 1]}~{digest}"
