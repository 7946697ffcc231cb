"""The states of servers: Nova's status and task state in our words.

Sources: https://docs.openstack.org/api-guide/compute/server_concepts.html and
https://docs.openstack.org/nova/latest/reference/vm-states.html
"""

from __future__ import annotations

from typing import Final

from skyclust.model.instance import InstanceState

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
GONE: Final = frozenset({"DELETED", "SOFT_DELETED"})
UNREACHABLE: Final = "UNKNOWN"
"""The status of a server in a cell that does not answer
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
"""Tasks that lead out of the status they are shown with. Any other task, taking an image for
example, leaves the server in its status."""


def to_state(status: str, task: str | None) -> InstanceState:
    """Return the state of a server by its status and task state.

    A status that Nova adds one day is UPDATING: busy with something we do not know.
    """
    state = STATES.get(status, InstanceState.UPDATING)
    doing = TASKS.get(task or "", state)
    if state is InstanceState.DELETED or doing is InstanceState.DELETING:
        return doing if state is not InstanceState.DELETED else state
    return state if state in {InstanceState.ERROR, InstanceState.UPDATING} else doing


def to_native_state(status: str, task: str | None) -> str:
    """Return the status as Nova tells it, with the task state behind it: `ACTIVE (deleting)`."""
    return f"{status} ({task})" if task else status
