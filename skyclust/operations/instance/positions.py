"""The positions that only operations on instances have."""

from __future__ import annotations

from enum import StrEnum


class InstancePosition(StrEnum):
    """A position of an operation on an instance, beside those of `Position`."""

    STOPPING = "stopping"  # a stop is about to be requested
    HALTING = "halting"  # the stop was accepted
    STOPPED = "stopped"
    RESIZING = "resizing"
    RESIZED = "resized"
    RESTORING = "restoring"  # the restore of a snapshot is about to be requested
    REPLACING = "replacing"  # disks are being replaced
    REPLACING_HALTED = "replacing-halted"  # the same, on an instance stopped for it
    RESTORED = "restored"
    STARTING = "starting"
    RESTARTING = "restarting"  # rolling back: the instance is starting again
    RESTARTED = "restarted"
    REMOVING = "removing"  # rolling back: a deletion was requested
    REMOVED = "removed"
    GONE = "gone"
