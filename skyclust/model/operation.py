"""An operation: one requested change of one subject, journalled before the cloud is called."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from skyclust.model.user_data import without_user_data


class OperationState(StrEnum):
    """The state of an operation. The last five are final."""

    PENDING = "pending"  # journalled; the cloud was not called yet
    RUNNING = "running"  # the cloud was called, or may have been
    NEEDS_ATTENTION = "needs-attention"  # retried too often; paused until a person decides
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled-back"  # the change was reverted; nothing of it is left in the cloud
    CANCELLED = "cancelled"  # cancelled before anything was done
    ABANDONED = "abandoned"  # a person ended it; the cloud may have something of it

    @property
    def final(self) -> bool:
        """Return whether the operation has ended."""
        return self in _FINAL

    @property
    def carried_on(self) -> bool:
        """Return whether a run or the recovery carries it on: it is open and not paused."""
        return self in {OperationState.PENDING, OperationState.RUNNING}


_FINAL: Final = frozenset(
    {
        OperationState.SUCCEEDED,
        OperationState.FAILED,
        OperationState.ROLLED_BACK,
        OperationState.CANCELLED,
        OperationState.ABANDONED,
    }
)


class NewOperation(BaseModel):
    """An operation to journal. The caller makes the id, so that a repeated call finds its row.

    `subject_kind` says what is changed ("instance"), `kind` how ("resize").
    `subject_unique_id` is the proof that `subject_id` still means the same subject
    (for an instance see `InstanceReference`); it is None until the subject exists.
    """

    model_config = ConfigDict(frozen=True)

    id: str = Field(min_length=1)
    subject_kind: str
    kind: str
    credential: str
    provider: str
    region: str
    token: str
    request: dict[str, JsonValue] = Field(default_factory=dict, repr=False)
    requested_by: str = ""
    subject_id: str | None = None
    subject_unique_id: str | None = None
    subject_name: str | None = None


class Operation(NewOperation):
    """One row of the journal.

    `token` is the idempotency token that the cloud gets. `step` is the last position written:
    the journal is the program counter, so any process can carry on from it. `epoch` fences:
    a writer whose epoch is not the row's gets `Fenced`. `run_id` is the flow run that
    works on it, `requested_by` the person or system that requested the change.
    `error_class` is the nearest class of the error tree. `attempts` counts how
    often the present step was begun; `resumed_at` is when a person last resumed a paused
    operation. With `cancel_keep` a cancelled operation is not rolled back: what had
    begun is completed.
    """

    workspace_id: str
    state: OperationState = OperationState.PENDING
    step: str = "journalled"
    epoch: int = 1
    run_id: str | None = None
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
        """Return the operation as it may be shown: with the user data replaced by its digest."""
        return self.model_copy(update={"request": without_user_data(self.request)})

    @property
    def cancelled(self) -> bool:
        """Return whether its cancellation was requested."""
        return self.cancel_requested_at is not None

    @property
    def title(self) -> str:
        """Return the subject's name and its region, for log lines, run names and errors."""
        name = self.subject_name or self.subject_id or f"a new {self.subject_kind}"
        return f"{name} in {self.region}"


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
