"""Operations as rows of the journal, and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, select

from skyclust.model.operation import NewOperation, Operation
from skyclust.store.tables import operations
from skyclust.store.types import now


def journalled(workspace_id: str, new: NewOperation, *, run_id: str | None) -> Operation:
    """Return the operation as it stands when it is journalled."""
    moment = now()
    return Operation(
        **new.model_dump(),
        workspace_id=workspace_id,
        run_id=run_id,
        created_at=moment,
        updated_at=moment,
    )


def of_workspace(workspace_id: str) -> Select[Any]:
    """Return the query of a workspace's operations."""
    return select(operations).where(operations.c.workspace_id == workspace_id)


def columns(operation: Operation) -> dict[str, Any]:
    """Return the row of an operation that is journalled."""
    # Times stay datetimes and enums become text, which is what the columns take.
    values = dict(operation)
    values["operation_id"] = values.pop("id")
    return values | {
        "state": operation.state.value,
        "entries": 1,
    }


def entry(operation: Operation, *, sequence: int, detail: str = "") -> dict[str, Any]:
    """Return the row of a line of an operation's history."""
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


def to_operation(row: Row[Any]) -> Operation:
    """Return the operation that a row holds."""
    values = dict(row._mapping)
    values["id"] = values.pop("operation_id")
    return Operation.model_validate(values)
