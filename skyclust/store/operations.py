"""The journal: every requested change, written before the cloud is called.

Only a writer that knows a row's epoch changes it. Taking an operation over raises the
epoch, so that a run that was given up and resumes gets `Fenced` at its next write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from skyclust.errors import (
    Fenced,
    InvalidRequest,
    NotFound,
    SkyClustError,
    tree_class,
    with_own_class,
)
from skyclust.model.operation import (
    NewOperation,
    Operation,
    OperationEntry,
    OperationState,
)
from skyclust.model.user_data import without_user_data
from skyclust.store import credentials
from skyclust.store.operation_lists import is_journalled, list_all, open_for, open_operations
from skyclust.store.operation_rows import (
    columns,
    entry,
    journalled,
    of_workspace,
    to_operation,
)
from skyclust.store.tables import operation_entries, operations
from skyclust.store.text import storable
from skyclust.store.types import now

__all__ = [
    "NewOperation",
    "advance",
    "begin_attempt",
    "entries",
    "get",
    "hold",
    "is_journalled",
    "journal",
    "list_all",
    "open_for",
    "open_operations",
    "take_over",
    "write_line",
]

_IDS_AT_ONCE: Final = 10_000
"""Below SQLite's 32,766 parameters a statement (https://www.sqlite.org/limits.html)."""


def journal(
    connection: Connection,
    workspace_id: str,
    planned: Sequence[NewOperation],
    *,
    run_id: str | None,
) -> list[Operation]:
    """Write operations and return them in the order given; all of them or none.

    An operation whose id is journalled already is returned as it is. Raises NotFound for an
    unknown credential, InvalidRequest for an id given twice.
    """
    if len({new.id for new in planned}) != len(planned):
        raise InvalidRequest("Two of the operations to journal have one id.")
    # Locked exclusively, so that a second writer of the same ids waits and then finds them.
    for name in sorted({new.credential for new in planned}):
        credentials.hold(connection, workspace_id, name, alone=True)
    known = _by_id(connection, workspace_id, [new.id for new in planned])
    added = [journalled(workspace_id, new, run_id=run_id) for new in planned if new.id not in known]
    if added:
        connection.execute(insert(operations), [columns(operation) for operation in added])
        connection.execute(
            insert(operation_entries), [entry(operation, sequence=1) for operation in added]
        )
    known |= {operation.id: operation for operation in added}
    return [known[new.id] for new in planned]


def advance(
    connection: Connection,
    workspace_id: str,
    operation_id: str,
    epoch: int,
    *,
    step: str,
    state: OperationState | None = None,
    subject_id: str | None = None,
    subject_unique_id: str | None = None,
    error: SkyClustError | None = None,
    attempts: int | None = None,
    detail: str = "",
) -> Operation:
    """Write an operation's position, add a line to its history, and return it.

    `state`, `error`, `attempts` and the subject's ids are not changed when None; success
    clears the error. Raises Fenced when the operation has another epoch by now, InvalidRequest
    when it has ended, NotFound when it does not exist.
    """
    values: dict[str, Any] = {"step": str(step)}
    if state is not None:
        values["state"] = state.value
    if subject_id is not None:
        values |= {"subject_id": subject_id, "subject_unique_id": subject_unique_id}
    if error is not None:
        values |= {
            "error": storable(with_own_class(error)),
            "error_class": tree_class(error).__name__,
        }
    elif state is OperationState.SUCCEEDED:
        values |= {"error": None, "error_class": None}
    if attempts is not None:
        values["attempts"] = attempts
    if state is not None and state.final:
        values["finished_at"] = now()
    return write_line(connection, workspace_id, operation_id, epoch, values, detail=detail)


def begin_attempt(
    connection: Connection, workspace_id: str, operation_id: str, epoch: int
) -> Operation:
    """Count one more attempt of the present step, and return the operation.

    It is counted before the cloud is called, so that one which ends its process counts too.
    The history gets no line. Raises what `advance` raises.
    """
    values = {"attempts": operations.c.attempts + 1}
    return to_operation(_update(connection, workspace_id, operation_id, epoch, values))


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
    return write_line(connection, workspace_id, operation_id, epoch, values, detail=detail)


def get(connection: Connection, workspace_id: str, operation_id: str) -> Operation:
    """Return an operation; raises NotFound."""
    row = connection.execute(
        of_workspace(workspace_id).where(operations.c.operation_id == operation_id)
    ).one_or_none()
    if row is None:
        raise NotFound(
            f"There is no operation {operation_id!r} in workspace {workspace_id!r}.",
            hint="`skyclust operation list` shows those that there are.",
        )
    return to_operation(row)


def hold(connection: Connection, workspace_id: str, operation_id: str) -> Operation:
    """Return an operation that nobody else changes until the transaction ends; raises NotFound."""
    query = of_workspace(workspace_id).where(operations.c.operation_id == operation_id)
    row = connection.execute(query.with_for_update()).one_or_none()
    return get(connection, workspace_id, operation_id) if row is None else to_operation(row)


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


def write_line(
    connection: Connection,
    workspace_id: str,
    operation_id: str,
    epoch: int | None,
    values: dict[str, Any],
    *,
    detail: str,
) -> Operation:
    """Write values to an operation, add a line to its history, and return it.

    With the epoch None it is written whoever owns it. What ends the operation takes the user data
    out of its request: nothing needs it any more. Raises what `advance` raises.
    """
    if values.get("finished_at") is not None:
        ended = get(connection, workspace_id, operation_id)
        values = values | {"request": without_user_data(ended.request)}
    row = _update(
        connection,
        workspace_id,
        operation_id,
        epoch,
        values | {"updated_at": now(), "entries": operations.c.entries + 1},
    )
    operation = to_operation(row)
    connection.execute(
        insert(operation_entries).values(
            **entry(operation, sequence=row.entries, detail=storable(detail))
        )
    )
    return operation


def _update(
    connection: Connection,
    workspace_id: str,
    operation_id: str,
    epoch: int | None,
    values: dict[str, Any],
) -> Row[Any]:
    # One statement both checks the epoch and writes, so that of two writers one must lose.
    owner = () if epoch is None else (operations.c.epoch == epoch,)
    row = connection.execute(
        update(operations)
        .where(
            operations.c.workspace_id == workspace_id,
            operations.c.operation_id == operation_id,
            operations.c.finished_at.is_(None),
            *owner,
        )
        .values(**values)
        .returning(operations)
    ).one_or_none()
    if row is None:
        raise _refusal(get(connection, workspace_id, operation_id), epoch)
    return row


def _refusal(found: Operation, epoch: int | None) -> Fenced | InvalidRequest:
    if epoch is not None and found.epoch != epoch:
        return Fenced(
            f"Operation {found.id} was taken over by run {found.run_id}"
            f" (epoch {found.epoch}, ours was {epoch})."
        )
    return InvalidRequest(f"Operation {found.id} has ended: it is {found.state}.")


def _by_id(connection: Connection, workspace_id: str, ids: Sequence[str]) -> dict[str, Operation]:
    return {row.operation_id: to_operation(row) for row in _rows(connection, workspace_id, ids)}


def _rows(connection: Connection, workspace_id: str, ids: Sequence[str]) -> Iterator[Row[Any]]:
    for start in range(0, len(ids), _IDS_AT_ONCE):
        chunk = ids[start : start + _IDS_AT_ONCE]
        yield from connection.execute(
            of_workspace(workspace_id).where(operations.c.operation_id.in_(chunk))
        )
