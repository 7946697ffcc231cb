"""Whether a flow run is still at work."""

from __future__ import annotations

from enum import StrEnum


class RunLiveness(StrEnum):
    """Whether a flow run is at work, and whether its cancellation was requested."""

    AT_WORK = "at work"
    CANCELLING = "cancelling"  # at work, and its cancellation was requested
    GONE = "gone"  # finished, crashed, deleted or without heartbeat
    CANCELLED = "cancelled"  # gone, and its cancellation had been requested

    @property
    def at_work(self) -> bool:
        """Return whether the run may still write to the journal."""
        return self in {RunLiveness.AT_WORK, RunLiveness.CANCELLING}

    @property
    def cancel_requested(self) -> bool:
        """Return whether the cancellation of the run was requested."""
        return self in {RunLiveness.CANCELLING, RunLiveness.CANCELLED}
