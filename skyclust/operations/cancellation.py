"""What a cancellation makes of an operation, beside the tables of its steps.

What was not begun is not begun. What was begun is rolled back, or completed where a rollback is
impossible: no instance that ran is left stopped, and none is left with disks of two points in
time. The living run and the recovery both follow `after_cancel`.

An operation at `journalled` ends as cancelled. One whose request may have reached the cloud, and
whose arrival the cloud can show, waits for a sign of it: without one it ends as cancelled too.
"""

from __future__ import annotations

from typing import Final

from skyclust.contract import Provider
from skyclust.errors import Cancelled, ConfigurationError, Timeout
from skyclust.model.operation import Operation
from skyclust.operations.position import Position
from skyclust.operations.step_result import StepResult
from skyclust.operations.subjects import kind_of
from skyclust.operations.transitions import Action, OperationKind, Step
from skyclust.operations.waiting import poll

ARRIVAL_SECONDS: Final = 30.0
"""For so long a cloud may show nothing of a request that it accepted. EC2's reference ("Eventual
consistency in the Amazon EC2 API") speaks of seconds to minutes for new resources; these are
states of resources that exist."""


def after_cancel(operation: Operation) -> str | None:
    """Return the position to write because of a cancellation; None carries the operation on."""
    if not operation.cancelled or not operation.state.carried_on:
        return None
    if operation.step == Position.JOURNALLED:
        return Position.CANCELLED
    if operation.cancel_keep:
        return None
    try:
        kind = kind_of(operation)
    except ConfigurationError:  # a newer version wrote it, and has to carry it on
        return None
    if operation.step in kind.rolled_back_when_cancelled_at:
        return Position.ROLLING_BACK
    return kind.after_cancel(operation) if kind.after_cancel else None


def arrival_step(operation: Operation, kind: OperationKind) -> Step | None:
    """Return the step that looks for a cancelled request at the cloud, None when not needed."""
    requested = operation.step in {Position.REQUESTED, Position.UNCERTAIN}
    unwanted = operation.cancelled and not operation.cancel_keep
    if requested and unwanted and kind.arrival is not None:
        return Step(CHECK_ARRIVAL, Position.ACCEPTED)
    return None


def cancel_error(operation: Operation, *, observation: str = "") -> Cancelled:
    """Return why a cancelled operation leaves its path here; `observation` is added to it."""
    when = " before the cloud was called" if operation.step == Position.JOURNALLED else ""
    observed = f" {observation}" if observation else ""
    return Cancelled(f"Cancelled by {operation.cancel_requested_by}{when}.{observed}")


def _check_arrival(step: Step, operation: Operation, provider: Provider) -> StepResult:
    """Return the request as accepted when the cloud shows it, else the operation as cancelled.

    Nothing is requested again: a lost reply must not delete an instance that nobody wants
    deleted any more.
    """
    arrival = kind_of(operation).arrival
    if arrival is None:
        raise TypeError(f"A {operation.kind} cannot be looked for at the cloud.")

    def look() -> bool | None:
        return True if arrival(operation, provider) else None

    try:
        poll(look, "A sign of the request", deadline_seconds=ARRIVAL_SECONDS)
    except Timeout as error:
        if error.__cause__ is not None:
            raise
        observation = f"The cloud shows no sign of the {operation.kind}: it did not arrive."
        return StepResult(
            Position.CANCELLED, error=cancel_error(operation, observation=observation)
        )
    return StepResult(step.outcome, detail="the cancelled request had arrived")


CHECK_ARRIVAL: Final = Action(
    "look for the cancelled request for", _check_arrival, waits=True, changes=False
)
