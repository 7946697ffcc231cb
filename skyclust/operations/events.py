"""The events of operations, written to the outbox in the transaction that makes them true.

    skyclust.operation.requested                  an operation was journalled
                      | succeeded | failed | rolled-back | cancelled | abandoned
                                                  an operation ended
                      | needs-attention           an operation waits for a person
    skyclust.<subject>.<kind>                     an operation succeeded: what happened to its
                                                  subject, as in skyclust.instance.resized

`skyclust.orchestration.dispatch` sends them after the commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from pydantic import JsonValue

from skyclust.event_labels import (
    LONGEST_TEXT,
    bounded_label,
    event_id,
    location_labels,
    related_run,
)
from skyclust.model.event import Event
from skyclust.model.operation import Operation, OperationState
from skyclust.operations.subjects import kind_of, subject_of
from skyclust.store import outbox

if TYPE_CHECKING:
    from sqlalchemy import Connection


def operations_requested(connection: Connection, operations: Sequence[Operation]) -> None:
    """Write `skyclust.operation.requested` of operations that were journalled."""
    for workspace_id, mine in _by_workspace(operations):
        events = [_operation_event(operation, "requested") for operation in mine]
        outbox.add(connection, workspace_id, events)


def operations_ended(connection: Connection, operations: Sequence[Operation]) -> None:
    """Write how operations ended, and for those that succeeded what happened to the subject."""
    for workspace_id, mine in _by_workspace(operations):
        events: list[Event] = []
        for operation in mine:
            events.append(_operation_event(operation, operation.state.value))
            if operation.state is OperationState.SUCCEEDED:
                events.append(_subject_event(operation))
        outbox.add(connection, workspace_id, events)


def operation_needs_attention(connection: Connection, paused: Operation) -> None:
    """Write `skyclust.operation.needs-attention` of an operation that waits for a person."""
    outbox.add(connection, paused.workspace_id, [_operation_event(paused, paused.state.value)])


def _by_workspace(
    operations: Sequence[Operation],
) -> Iterator[tuple[str, Iterator[Operation]]]:
    ordered = sorted(operations, key=attrgetter("workspace_id"))
    return groupby(ordered, key=attrgetter("workspace_id"))


def _operation_event(operation: Operation, outcome: str) -> Event:
    name = f"skyclust.operation.{outcome}"
    reason: dict[str, JsonValue] = {}
    if operation.error is not None:
        reason = {
            "error": operation.error[:LONGEST_TEXT],
            "error_class": operation.error_class,
        }
    return Event(
        id=event_id(name, f"{operation.id}.{operation.updated_at.isoformat()}"),
        name=name,
        occurred_at=operation.updated_at,
        resource={
            "prefect.resource.id": f"skyclust.operation.{operation.workspace_id}.{operation.id}",
            "prefect.resource.name": bounded_label(f"{operation.kind} {_subject_name(operation)}"),
            **_labels(operation),
            "skyclust.operation.kind": operation.kind,
            "skyclust.operation.subject": operation.subject_kind,
        },
        related=related_run(operation.run_id) + _related_subject(operation),
        payload=_payload(operation) | reason,
    )


def _subject_event(operation: Operation) -> Event:
    name = f"skyclust.{operation.subject_kind}.{kind_of(operation).event}"
    return Event(
        id=event_id(name, operation.id),
        name=name,
        occurred_at=operation.updated_at,
        resource={
            "prefect.resource.id": _subject_resource_id(operation),
            "prefect.resource.name": _subject_name(operation),
            **_labels(operation),
        },
        related=related_run(operation.run_id),
        payload=_payload(operation),
    )


def _payload(operation: Operation) -> dict[str, JsonValue]:
    fields: dict[str, JsonValue] = {
        field: operation.request[field]
        for field in subject_of(operation).event_fields
        if field in operation.request
    }
    return {
        "operation": operation.id,
        "kind": operation.kind,
        "requested_by": operation.requested_by,
        **fields,
    }


def _labels(operation: Operation) -> dict[str, str]:
    return location_labels(
        operation.workspace_id, operation.provider, operation.credential, operation.region
    )


def _related_subject(operation: Operation) -> tuple[dict[str, str], ...]:
    if operation.subject_id is None:
        return ()
    return (
        {
            "prefect.resource.id": _subject_resource_id(operation),
            "prefect.resource.role": operation.subject_kind,
            "prefect.resource.name": _subject_name(operation),
        },
    )


def _subject_resource_id(operation: Operation) -> str:
    where = f"{operation.workspace_id}.{operation.credential}.{operation.region}"
    subject_id = operation.subject_id or ""
    return bounded_label(f"skyclust.{operation.subject_kind}.{where}.{subject_id}")


def _subject_name(operation: Operation) -> str:
    return bounded_label(operation.subject_name or operation.subject_id or "")
