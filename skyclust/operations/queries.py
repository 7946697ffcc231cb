"""The queries of the journal: operations a page at a time, and one with its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from skyclust.cursor import decode_cursor, encode_cursor
from skyclust.errors import InvalidRequest
from skyclust.model.operation import Operation, OperationEntry, OperationState
from skyclust.operations.subjects import operation_kinds, subject_of
from skyclust.store import operations, workspaces
from skyclust.store.engine import Store

_KEYS: Final = 2


@dataclass(frozen=True)
class OperationPage:
    """Operations, newest first; `next_cursor` is None on the last page."""

    operations: list[Operation]
    next_cursor: str | None


def search_operations(
    store: Store,
    workspace_id: str,
    *,
    states: Sequence[OperationState] = (),
    kinds: Sequence[str] = (),
    credential: str | None = None,
    subject_kind: str | None = None,
    limit: int = 1000,
    cursor: str | None = None,
) -> OperationPage:
    """Return the operations that match every filter, without their user data.

    Raises NotFound for an unknown workspace, InvalidRequest for an unknown kind and for a text
    that is no cursor.
    """
    unknown = sorted(set(kinds) - set(operation_kinds()))
    if unknown:
        raise InvalidRequest(
            f"There is no kind of operation {', '.join(map(repr, unknown))}.",
            hint=f"Kinds: {', '.join(operation_kinds())}.",
        )
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        matching = operations.list_all(
            connection,
            workspace_id,
            states=states,
            kinds=kinds,
            credential=credential,
            subject_kind=subject_kind,
            before=_position(cursor) if cursor else None,
            limit=limit + 1,
        )
    page = [operation.shown for operation in matching[:limit]]
    more = len(matching) > len(page)
    return OperationPage(
        operations=page,
        next_cursor=encode_cursor(page[-1].created_at.isoformat(), page[-1].id) if more else None,
    )


@dataclass(frozen=True)
class OperationDetails:
    """An operation, what it may have left in the cloud, and its history."""

    operation: Operation
    may_be_left: str
    entries: list[OperationEntry]


def show_operation(store: Store, workspace_id: str, operation_id: str) -> OperationDetails:
    """Return an operation with its history, without its user data; raises NotFound."""
    with store.reading() as connection:
        operation = operations.get(connection, workspace_id, operation_id)
        entries = operations.entries(connection, workspace_id, operation_id)
    return OperationDetails(operation.shown, what_may_be_left(operation), entries)


def what_may_be_left(operation: Operation) -> str:
    """Return what the cloud may have of an operation, in a sentence; "" for nothing."""
    return subject_of(operation).what_may_be_left(operation)


def operation_row(operation: Operation) -> dict[str, Any]:
    """Return an operation's fields and what it may have left, without its user data."""
    return operation.shown.model_dump() | {"may_be_left": what_may_be_left(operation)}


def _position(cursor: str) -> tuple[datetime, str]:
    created_at, operation_id = decode_cursor(cursor, keys=_KEYS)
    try:
        return datetime.fromisoformat(created_at), operation_id
    except ValueError as error:
        raise InvalidRequest(f"{cursor[:80]!r} is no cursor of this list.") from error
