"""An operation: one asked-for change, journalled before the cloud is called."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from skyclust.model.user_data import without_user_data


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
    """How far an operation got. The last five are final."""

    PENDING = "pending"  # journalled; the cloud was not called yet
    RUNNING = "running"  # the cloud was called, or may have been
    NEEDS_ATTENTION = "needs-attention"  # tried too often; parked until a person decides
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNDONE = "undone"  # the change was taken back; nothing of it is left in the cloud
    CANCELLED = "cancelled"  # cancelled before anything was done
    ABANDONED = "abandoned"  # a person ended it; the cloud may have something of it

    @property
    def final(self) -> bool:
        """Return whether nothing more will happen."""
        return self in _FINAL

    @property
    def carried_on(self) -> bool:
        """Return whether a run works on it, or the recovery has to: it is open and not parked."""
        return self in {OperationState.PENDING, OperationState.RUNNING}


_FINAL: Final = frozenset(
    {
        OperationState.SUCCEEDED,
        OperationState.FAILED,
        OperationState.UNDONE,
        OperationState.CANCELLED,
        OperationState.ABANDONED,
    }
)


class Operation(BaseModel):
    """One row of the journal.

    `token` is the idempotency token given to the cloud. `step` is the last step written:
    the journal is the program counter, so any process can carry on from it. `epoch` fences:
    a writer whose epoch is not the row's gets `Fenced`. `run_id` is the flow run that
    works on it. `instance_unique_id` is the proof that `instance_id` still means the machine
    (`InstanceReference`); it is empty until the machine is known.
    `error_class` is the nearest class of the error tree. `attempts` counts how
    often the present step was begun; `resumed_at` is when a person last had a parked
    operation tried again. With `cancel_keep` a cancelled operation is not undone: what had
    begun is brought to its end.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    workspace_id: str
    kind: OperationKind
    credential: str
    provider: str
    region: str
    token: str
    request: dict[str, JsonValue] = Field(default_factory=dict, repr=False)
    state: OperationState = OperationState.PENDING
    step: str = "journalled"
    epoch: int = 1
    run_id: str | None = None
    instance_id: str | None = None
    instance_unique_id: str | None = None
    instance_name: str | None = None
    error: str | None = None
    error_class: str | None = None
    attempts: int = 0
    resumed_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    cancel_requested_by: str | None = None
    cancel_keep: bool = False
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None

    @property
    def shown(self) -> Operation:
        """Return the operation as it may be shown: of user data its digest alone."""
        return self.model_copy(update={"request": without_user_data(self.request)})

    @property
    def cancelled(self) -> bool:
        """Return whether somebody has asked for it not to be done."""
        return self.cancel_requested_at is not None


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
