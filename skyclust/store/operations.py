"""The journal: every asked-for change, written before the cloud is called.

A row is written to only by who knows its epoch. Whoever takes an operation over raises the
epoch, so that a run that was given up and wakes again is told `Fenced` at its next write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import Connection, Row, Select, insert, select, update

from skyclust.errors import Fenced, InvalidRequest, NotFound, SkyClustError
from skyclust.model.operation import Operation, OperationEntry, OperationKind, OperationState
from skyclust.store import credentials
from skyclust.store.tables import operation_entries, operations
from skyclust.store.text import storable
from skyclust.store.types import now

_IDS_AT_ONCE: Final = 10_000
"""Below SQLite's 32,766 parameters a statement (https://www.sqlite.org/limits.html)."""


class NewOperation(BaseModel):
    """An operation to journal. The id is the caller's, so that a repeated call finds its row."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(min_length=1)
    kind: OperationKind
    credential: str
    provider: str
    region: str
    token: str
    request: dict[str, JsonValue] = Field(default_factory=dict)
    instance_id: str | None = None
    instance_name: str | None = None


def journal(
    connection: Connection,
    workspace_id: str,
    planned: Sequence[NewOperation],
    *,
    run_id: str | None,
) -> list[Operation]:
    """Write operations and return them in the order given; all of them or none.

    One whose id is journalled already is returned as it stands. Raises NotFound for an
    unknown credential, InvalidRequest for an id given twice.
    """
    if len({one.id for one in planned}) != len(planned):
        raise InvalidRequest("Two of the operations to journal have one id.")
    # Held alone, so that a second writer of the same ids waits and then finds them.
    for name in sorted({one.credential for one in planned}):
        credentials.hold(connection, workspace_id, name, alone=True)
    known = _by_id(connection, workspace_id, [one.id for one in planned])
    added = [
        _journalled(workspace_id, one, run_id=run_id) for one in planned if one.id not in known
    ]
    if added:
        connection.execute(insert(operations), [_columns(one) for one in added])
        connection.execute(insert(operation_entries), [_entry(one, sequence=1) for one in added])
    known |= {one.id: one for one in added}
    return [known[one.id] for one in planned]


def advance(
    connection: Connection,
    workspace_id: str,
    operation_id: str,
    epoch: int,
    *,
    step: str,
    state: OperationState | None = None,
    instance_id: str | None = None,
    error: SkyClustError | None = None,
    detail: str = "",
) -> Operation:
    """Write how far an operation got, add a line to its history, and return it.

    `state`, `instance_id` and `error` stay as they are when None; success clears the error.
    Raises Fenced when the operation has another epoch by now, InvalidRequest when it has
    ended, NotFound when there is none.
    """
    values: dict[str, Any] = {"step": str(step)}
    if state is not None:
        values["state"] = state.value
    if instance_id is not None:
        values["instance_id"] = instance_id
    if error is not None:
        values |= {"error": storable(str(error)), "error_class": type(error).__name__}
    elif state is OperationState.SUCCEEDED:
        values |= {"error": None, "error_class": None}
    if state is not None and state.final:
        values["finished_at"] = now()
    return _write(connection, workspace_id, operation_id, epoch, values, detail=detail)


def take_over(
    connection: Connection,
    workspace_id: str,
    operation_id: str,
    epoch: int,
    *,
    run_id: str | None,
) -> Operation:
    """Make a run the owner of an open operation and return it with its new epoch.

    Raises Fenced when somebody else was faster, InvalidRequest when it has ended, NotFound
    when there is none.
    """
    values = {"epoch": epoch + 1, "run_id": run_id}
    detail = f"taken over by run {run_id}" if run_id else "taken over"
    return _write(connection, workspace_id, operation_id, epoch, values, detail=detail)


def get(connection: Connection, workspace_id: str, operation_id: str) -> Operation:
    """Return an operation; raises NotFound."""
    row = connection.execute(
        _select(workspace_id).where(operations.c.operation_id == operation_id)
    ).one_or_none()
    if row is None:
        raise NotFound(
            f"There is no operation {operation_id!r} in workspace {workspace_id!r}.",
            hint="`skyclust operation list` shows those that there are.",
        )
    return _operation(row)


def list_all(
    connection: Connection,
    workspace_id: str,
    *,
    states: Sequence[OperationState] | None = None,
    kinds: Sequence[OperationKind] | None = None,
    credential: str | None = None,
    limit: int | None = 1000,
) -> list[Operation]:
    """Return a workspace's operations, newest first; a filter that is None or empty takes all."""
    query = _select(workspace_id)
    if states:
        query = query.where(operations.c.state.in_([state.value for state in states]))
    if kinds:
        query = query.where(operations.c.kind.in_([kind.value for kind in kinds]))
    if credential is not None:
        query = query.where(operations.c.credential == credential)
    query = query.order_by(operations.c.created_at.desc(), operations.c.operation_id)
    return [_operation(row) for row in connection.execute(query.limit(limit))]


def open_operations(connection: Connection, workspace_id: str | None = None) -> list[Operation]:
    """Return the operations that have not ended, oldest first; of all workspaces when None."""
    query = select(operations) if workspace_id is None else _select(workspace_id)
    query = query.where(operations.c.finished_at.is_(None))
    query = query.order_by(operations.c.created_at, operations.c.operation_id)
    return [_operation(row) for row in connection.execute(query)]


def entries(connection: Connection, workspace_id: str, operation_id: str) -> list[OperationEntry]:
    """Return an operation's history, oldest line first; raises NotFound."""
    get(connection, workspace_id, operation_id)
    rows = connection.execute(
        select(operation_entries)
        .where(
            operation_entries.c.workspace_id == workspace_id,
            operation_entries.c.operation_id == operation_id,
        )
        .order_by(operation_entries.c.sequence)
    )
    return [OperationEntry.model_validate(dict(row._mapping)) for row in rows]


def _write(
    connection: Connection,
    workspace_id: str,
    operation_id: str,
    epoch: int,
    values: dict[str, Any],
    *,
    detail: str,
) -> Operation:
    # One statement both checks the epoch and writes, so that of two writers one must lose.
    row = connection.execute(
        update(operations)
        .where(
            operations.c.workspace_id == workspace_id,
            operations.c.operation_id == operation_id,
            operations.c.epoch == epoch,
            operations.c.finished_at.is_(None),
        )
        .values(**values, updated_at=now(), entries=operations.c.entries + 1)
        .returning(operations)
    ).one_or_none()
    if row is None:
        raise _refusal(get(connection, workspace_id, operation_id), epoch)
    operation = _operation(row)
    connection.execute(
        insert(operation_entries).values(
            **_entry(operation, sequence=row.entries, detail=storable(detail))
        )
    )
    return operation


def _refusal(found: Operation, epoch: int) -> Fenced | InvalidRequest:
    if found.epoch != epoch:
        return Fenced(
            f"Operation {found.id} was taken over by run {found.run_id}"
            f" (epoch {found.epoch}, ours was {epoch})."
        )
    return InvalidRequest(f"Operation {found.id} has ended: it is {found.state}.")


def _by_id(connection: Connection, workspace_id: str, ids: Sequence[str]) -> dict[str, Operation]:
    return {row.operation_id: _operation(row) for row in _rows(connection, workspace_id, ids)}


def _rows(connection: Connection, workspace_id: str, ids: Sequence[str]) -> Iterator[Row[Any]]:
    for start in range(0, len(ids), _IDS_AT_ONCE):
        chunk = ids[start : start + _IDS_AT_ONCE]
        yield from connection.execute(
            _select(workspace_id).where(operations.c.operation_id.in_(chunk))
        )


def _journalled(workspace_id: str, one: NewOperation, *, run_id: str | None) -> Operation:
    moment = now()
    return Operation(
        **one.model_dump(),
        workspace_id=workspace_id,
        run_id=run_id,
        created_at=moment,
        updated_at=moment,
    )


def _select(workspace_id: str) -> Select[Any]:
    return select(operations).where(operations.c.workspace_id == workspace_id)


def _columns(operation: Operation) -> dict[str, Any]:
    # Times stay datetimes and enums become text, which is what the columns take.
    values = dict(operation)
    values["operation_id"] = values.pop("id")
    return values | {
        "kind": operation.kind.value,
        "state": operation.state.value,
        "entries": 1,
    }


def _entry(operation: Operation, *, sequence: int, detail: str = "") -> dict[str, Any]:
    return {
        "workspace_id": operation.workspace_id,
        "operation_id": operation.id,
        "sequence": sequence,
        "at": operation.updated_at,
        "epoch": operation.epoch,
        "state": operation.state.value,
        "step": operation.step,
        "run_id": operation.run_id,
        "detail": detail,
    }


def _operation(row: Row[Any]) -> Operation:
    values = dict(row._mapping)
    values["id"] = values.pop("operation_id")
    return Operation.model_validate(values)
