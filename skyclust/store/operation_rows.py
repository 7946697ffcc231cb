"""Operations as rows of the journal, and back."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import Row, Select, select

from skyclust.model.operation import Operation, OperationKind
from skyclust.store.tables import operations
from skyclust.store.types import now


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
    instance_unique_id: str | None = None
    instance_name: str | None = None


def journalled(workspace_id: str, one: NewOperation, *, run_id: str | None) -> Operation:
    """Return the operation as it stands when it is journalled."""
    moment = now()
    return Operation(
        **one.model_dump(),
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
        "kind": operation.kind.value,
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
