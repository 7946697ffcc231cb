"""The status of a server, which the API derives from nova's VM state and task state.

Source: https://docs.openstack.org/nova/latest/reference/vm-states.html and the status table of
https://docs.openstack.org/api-guide/compute/server_concepts.html
"""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.openstack.state import Server

_RESIZING: Final = {
    "resize_prep": "RESIZE",
    "resize_migrating": "RESIZE",
    "resize_migrated": "RESIZE",
    "resize_finish": "RESIZE",
}
_REBUILDING: Final = {
    "rebuilding": "REBUILD",
    "rebuild_block_device_mapping": "REBUILD",
    "rebuild_spawning": "REBUILD",
}

_BY_TASK: Final[dict[str, dict[str, str]]] = {
    "active": {
        "rebooting": "REBOOT",
        "reboot_pending": "REBOOT",
        "reboot_started": "REBOOT",
        "rebooting_hard": "HARD_REBOOT",
        "migrating": "MIGRATING",
        **_RESIZING,
        **_REBUILDING,
    },
    "stopped": {"rebooting_hard": "HARD_REBOOT", **_RESIZING, **_REBUILDING},
    "resized": {"resize_reverting": "REVERT_RESIZE"},
    "error": {"rebooting_hard": "HARD_REBOOT", **_REBUILDING},
    "paused": {"rebooting_hard": "HARD_REBOOT", "migrating": "MIGRATING"},
}

_BY_STATE: Final = {
    "active": "ACTIVE",
    "building": "BUILD",
    "stopped": "SHUTOFF",
    "resized": "VERIFY_RESIZE",
    "paused": "PAUSED",
    "suspended": "SUSPENDED",
    "rescued": "RESCUE",
    "error": "ERROR",
    "deleted": "DELETED",
    "soft-delete": "SOFT_DELETED",
    "shelved": "SHELVED",
    "shelved_offloaded": "SHELVED_OFFLOADED",
}

STATUSES: Final = frozenset(_BY_STATE.values()) | {
    status for statuses in _BY_TASK.values() for status in statuses.values()
}
"""All values of a server's status."""


def status_of(server: Server) -> str:
    """Return the status of a server."""
    if server.terminated_at is not None:
        return "DELETED"
    by_task = _BY_TASK.get(server.vm_state, {})
    return by_task.get(server.task_state or "", _BY_STATE[server.vm_state])
