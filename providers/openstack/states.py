"""Instance states: the mapping of Nova's server status and task state to InstanceState.

Sources: https://docs.openstack.org/api-guide/compute/server_concepts.html and
https://docs.openstack.org/nova/latest/reference/vm-states.html
"""

from __future__ import annotations

from typing import Final

from providers.openstack.fields import Json, required_text, text
from skyclust.model.instance import InstanceState

TASK_STATE: Final = "OS-EXT-STS:task_state"
"""The field of a server that names the task Nova is working on, null when there is none."""

STATES: Final = {
    "ACTIVE": InstanceState.RUNNING,
    "BUILD": InstanceState.PENDING,
    "DELETED": InstanceState.DELETED,
    "ERROR": InstanceState.ERROR,
    "HARD_REBOOT": InstanceState.UPDATING,
    "MIGRATING": InstanceState.UPDATING,
    "PASSWORD": InstanceState.UPDATING,
    "PAUSED": InstanceState.SUSPENDED,
    "REBOOT": InstanceState.UPDATING,
    "REBUILD": InstanceState.UPDATING,
    "RESCUE": InstanceState.UPDATING,
    "RESIZE": InstanceState.UPDATING,
    "REVERT_RESIZE": InstanceState.UPDATING,
    "SHELVED": InstanceState.STOPPED,
    "SHELVED_OFFLOADED": InstanceState.STOPPED,
    "SHUTOFF": InstanceState.STOPPED,
    "SOFT_DELETED": InstanceState.DELETED,
    "SUSPENDED": InstanceState.SUSPENDED,
    "VERIFY_RESIZE": InstanceState.UPDATING,
}
DELETED_STATUSES: Final = frozenset({"DELETED", "SOFT_DELETED"})
UNREACHABLE: Final = "UNKNOWN"
"""The status of a server in a cell that does not respond
(https://docs.openstack.org/api-guide/compute/down_cells.html)."""

TASKS: Final = {
    "deleting": InstanceState.DELETING,
    "soft-deleting": InstanceState.DELETING,
    "powering-off": InstanceState.STOPPING,
    "shelving": InstanceState.STOPPING,
    "shelving_image_pending_upload": InstanceState.STOPPING,
    "shelving_image_uploading": InstanceState.STOPPING,
    "powering-on": InstanceState.PENDING,
    "unshelving": InstanceState.PENDING,
    "spawning": InstanceState.PENDING,
    "pausing": InstanceState.UPDATING,
    "unpausing": InstanceState.UPDATING,
    "suspending": InstanceState.UPDATING,
    "resuming": InstanceState.UPDATING,
    "rebooting": InstanceState.UPDATING,
    "rebooting_hard": InstanceState.UPDATING,
    "reboot_pending": InstanceState.UPDATING,
    "reboot_started": InstanceState.UPDATING,
    "reboot_pending_hard": InstanceState.UPDATING,
    "reboot_started_hard": InstanceState.UPDATING,
    "rescuing": InstanceState.UPDATING,
    "unrescuing": InstanceState.UPDATING,
    "restoring": InstanceState.UPDATING,
}
"""Task states that end in another status than the one reported with them. Any other task, for
example taking an image, leaves the status as it is."""


def to_state(status: str, task: str | None) -> InstanceState:
    """Return the instance state for a server's status and task state.

    A status that Nova adds in a later release is UPDATING: the server is busy in an unknown way.
    """
    state = STATES.get(status, InstanceState.UPDATING)
    task_target = TASKS.get(task or "", state)
    if state is InstanceState.DELETED or task_target is InstanceState.DELETING:
        return task_target if state is not InstanceState.DELETED else state
    return state if state in {InstanceState.ERROR, InstanceState.UPDATING} else task_target


def to_native_state(status: str, task: str | None) -> str:
    """Return the status as Nova reports it, followed by the task state: `ACTIVE (deleting)`."""
    return f"{status} ({task})" if task else status


def state_of(server: Json) -> InstanceState:
    """Return the instance state of a server as Nova reports it."""
    return to_state(required_text(server, "status"), text(server, TASK_STATE))


def is_busy(server: Json) -> bool:
    """Return whether Nova is working on a server: a task is set, or its state is transitional."""
    return bool(server.get(TASK_STATE)) or state_of(server) in {
        InstanceState.PENDING,
        InstanceState.UPDATING,
    }
