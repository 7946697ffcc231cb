"""The queries of the journal: operations a page at a time, and one with its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from skyclust.cursor import decode_cursor, encode_cursor
from skyclust.errors import InvalidRequest
from skyclust.model.operation import Operation, OperationEntry, OperationState
from skyclust.model.short_id import GIVEN_DIGITS
from skyclust.operations.subjects import operation_kinds, subject_of
from skyclust.store import operations, workspaces
from skyclust.store.engine import Store
from skyclust.store.id_beginnings import operations_beginning_with
from skyclust.store.operation_lists import count_all

_OPERATIONS: Final = "operations"
_KEYS: Final = 2

_MOST_NAMED: Final = 5
"""Operations that an error names."""


@dataclass(frozen=True)
class OperationPage:
    """Operations, newest first; `total` is how many match on all pages.

    `next_cursor` is None on the last page.
    """

    operations: list[Operation]
    total: int
    next_cursor: str | None


def search_operations(
    store: Store,
    workspace_id: str,
    *,
    states: Sequence[OperationState] = (),
    kinds: Sequence[str] = (),
    credential: str | None = None,
    subject_kind: str | None = None,
    limit: int | None = 1000,
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
    filters: dict[str, Any] = {
        "states": states,
        "kinds": kinds,
        "credential": credential,
        "subject_kind": subject_kind,
    }
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        matching = operations.list_all(
            connection,
            workspace_id,
            **filters,
            before=_position(cursor) if cursor else None,
            limit=None if limit is None else limit + 1,
        )
        page = [operation.shown for operation in matching[:limit]]
        more = len(matching) > len(page)
        counts = more or cursor is not None
        total = count_all(connection, workspace_id, **filters) if counts else len(page)
    return OperationPage(
        operations=page,
        total=total,
        next_cursor=encode_cursor(page[-1].created_at.isoformat(), page[-1].id, of=_OPERATIONS)
        if more
        else None,
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


def whole_operation_id(store: Store, workspace_id: str, given: str) -> str:
    """Return the id that was given, or the one operation's id that begins so.

    Raises NotFound when there is none, InvalidRequest that lists them when there are several.
    """
    with store.reading() as connection:
        beginning = operations_beginning_with(
            connection, workspace_id, given, limit=_MOST_NAMED + 1
        )
        if len(given) < GIVEN_DIGITS or not beginning:
            return operations.get(connection, workspace_id, given).id
    if len(beginning) > 1:
        raise InvalidRequest(
            f"{given!r} is the beginning of several operations' ids: "
            + "; ".join(_named(each) for each in beginning[:_MOST_NAMED])
            + ("; and more." if len(beginning) > _MOST_NAMED else "."),
            hint="Give more of the id.",
        )
    return beginning[0].id


def _named(operation: Operation) -> str:
    subject = operation.subject_name or operation.subject_id or operation.region
    return f"{operation.id} ({operation.kind} {subject}, {operation.state.value})"


def what_may_be_left(operation: Operation) -> str:
    """Return what the cloud may have of an operation, in a sentence; "" for nothing."""
    return subject_of(operation).what_may_be_left(operation)


def operation_row(operation: Operation) -> dict[str, Any]:
    """Return an operation's fields and what it may have left, without its user data."""
    return operation.shown.model_dump() | {"may_be_left": what_may_be_left(operation)}


def _position(cursor: str) -> tuple[datetime, str]:
    created_at, operation_id = decode_cursor(cursor, of=_OPERATIONS, keys=_KEYS)
    try:
        return datetime.fromisoformat(created_at), operation_id
    except ValueError as error:
        raise InvalidRequest(f"{cursor[:80]!r} is no cursor of this list.") from error
