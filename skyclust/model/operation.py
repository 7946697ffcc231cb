"""An operation: one asked-for change, journalled before the cloud is called."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class OperationKind(StrEnum):
    """What is asked for."""

    CREATE = "create"
    START = "start"
    STOP = "stop"
    REBOOT = "reboot"
    RESIZE = "resize"
    DELETE = "delete"
    SNAPSHOT = "snapshot"
    RESTORE = "restore"
    DELETE_SNAPSHOT = "delete-snapshot"
    ATTACH_DISK = "attach-disk"
    DETACH_DISK = "detach-disk"
    SET_TAGS = "set-tags"


class OperationState(StrEnum):
    """How far an operation got. The last three are final."""

    PENDING = "pending"  # journalled; the cloud was not called yet
    RUNNING = "running"  # the cloud was called, or may have been
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNDONE = "undone"  # the change was taken back; nothing of it is left in the cloud

    @property
    def final(self) -> bool:
        """Return whether nothing more will happen."""
        return self in {OperationState.SUCCEEDED, OperationState.FAILED, OperationState.UNDONE}


class Operation(BaseModel):
    """One row of the journal.

    `token` is the idempotency token given to the cloud. `step` is the last step written:
    the journal is the program counter, so any process can carry on from it. `epoch` fences:
    a writer whose epoch is not the row's is told `Fenced`. `run_id` is the flow run that
    works on it.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    workspace_id: str
    kind: OperationKind
    credential: str
    provider: str
    region: str
    token: str
    request: dict[str, JsonValue] = Field(default_factory=dict)
    state: OperationState = OperationState.PENDING
    step: str = "journalled"
    epoch: int = 1
    run_id: str | None = None
    instance_id: str | None = None
    instance_name: str | None = None
    error: str | None = None
    error_class: str | None = None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None


class OperationEntry(BaseModel):
    """One line of an operation's history."""

    model_config = ConfigDict(frozen=True)

    operation_id: str
    sequence: int
    at: datetime
    epoch: int
    state: OperationState
    step: str
    run_id: str | None = None
    detail: str = ""
