"""The actions on instances: one name each in requests, the journal, events and the audit trail."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class InstanceAction(StrEnum):
    """An action on an instance. An operation that does it has its value as kind."""

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


ChangeAction = Literal[
    InstanceAction.START,
    InstanceAction.STOP,
    InstanceAction.REBOOT,
    InstanceAction.RESIZE,
    InstanceAction.DELETE,
    InstanceAction.SNAPSHOT,
    InstanceAction.RESTORE,
    InstanceAction.DELETE_SNAPSHOT,
    InstanceAction.ATTACH_DISK,
    InstanceAction.DETACH_DISK,
    InstanceAction.SET_TAGS,
]
"""The actions on an instance that exists: all but `create`."""
