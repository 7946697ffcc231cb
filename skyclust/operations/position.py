"""Positions: how far an operation got, as the last line of its journal says.

Every subject shares those of `Position`. A subject may have positions of its own, for example
`InstancePosition`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from skyclust.model.operation import OperationState


class Position(StrEnum):
    """A position that operations on every kind of subject share."""

    JOURNALLED = "journalled"
    REQUESTED = "requested"  # about to call the cloud; the request may have reached it
    UNCERTAIN = "uncertain"  # the cloud was called and its reply was lost
    ACCEPTED = "accepted"
    READY = "ready"
    ROLLING_BACK = "rolling-back"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled-back"
    CANCELLED = "cancelled"


_STATES: Final[dict[str, OperationState]] = {
    Position.JOURNALLED: OperationState.PENDING,
    Position.SUCCEEDED: OperationState.SUCCEEDED,
    Position.FAILED: OperationState.FAILED,
    Position.ROLLED_BACK: OperationState.ROLLED_BACK,
    Position.CANCELLED: OperationState.CANCELLED,
}


def state_at(position: str) -> OperationState:
    """Return the state that an operation has at a position."""
    return _STATES.get(position, OperationState.RUNNING)
