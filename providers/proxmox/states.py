"""The states of guests, derived from the running task, the lock and the status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.proxmox.fields import missing, to_text
from skyclust.model.instance import InstanceState

if TYPE_CHECKING:
    from providers.proxmox.guest_records import Guest

# A running task decides the state, whatever the status is. Tasks that are not in this table, such
# as consoles, do not change the state.
TASKS: Final = {
    "qmcreate": InstanceState.PENDING,
    "vzcreate": InstanceState.PENDING,
    "qmstart": InstanceState.PENDING,
    "vzstart": InstanceState.PENDING,
    "qmresume": InstanceState.PENDING,
    "vzresume": InstanceState.PENDING,
    "qmshutdown": InstanceState.STOPPING,
    "vzshutdown": InstanceState.STOPPING,
    "qmstop": InstanceState.STOPPING,
    "vzstop": InstanceState.STOPPING,
    "qmdestroy": InstanceState.DELETING,
    "vzdestroy": InstanceState.DELETING,
    "qmreboot": InstanceState.UPDATING,
    "vzreboot": InstanceState.UPDATING,
    "qmreset": InstanceState.UPDATING,
    "qmconfig": InstanceState.UPDATING,
    "qmmigrate": InstanceState.UPDATING,
    "vzmigrate": InstanceState.UPDATING,
    "qmmove": InstanceState.UPDATING,
    "move_volume": InstanceState.UPDATING,
    "resize": InstanceState.UPDATING,
    "qmrollback": InstanceState.UPDATING,
    "vzrollback": InstanceState.UPDATING,
    "qmsnapshot": InstanceState.UPDATING,
    "vzsnapshot": InstanceState.UPDATING,
    "qmdelsnapshot": InstanceState.UPDATING,
    "vzdelsnapshot": InstanceState.UPDATING,
    "qmsuspend": InstanceState.UPDATING,
    "vzsuspend": InstanceState.UPDATING,
    "qmrestore": InstanceState.UPDATING,
    "vzrestore": InstanceState.UPDATING,
}

# https://git.proxmox.com/?p=qemu-server.git;a=blob;f=src/PVE/QemuServer.pm, `lock`
LOCKS: Final = {
    "clone": InstanceState.PENDING,
    "create": InstanceState.PENDING,
    "suspended": InstanceState.SUSPENDED,
    "destroyed": InstanceState.DELETING,
}

# https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html, RunState; lxc has the first two.
STATES: Final = {
    "running": InstanceState.RUNNING,
    "stopped": InstanceState.STOPPED,
    "paused": InstanceState.SUSPENDED,
    "suspended": InstanceState.SUSPENDED,
    "prelaunch": InstanceState.PENDING,
    "inmigrate": InstanceState.UPDATING,
    "postmigrate": InstanceState.UPDATING,
    "finish-migrate": InstanceState.UPDATING,
    "restore-vm": InstanceState.UPDATING,
    "save-vm": InstanceState.UPDATING,
    "colo": InstanceState.UPDATING,
    "debug": InstanceState.UPDATING,
    "shutdown": InstanceState.STOPPING,
    "io-error": InstanceState.ERROR,
    "internal-error": InstanceState.ERROR,
    "guest-panicked": InstanceState.ERROR,
    "watchdog": InstanceState.ERROR,
}


def to_state(guest: Guest) -> tuple[InstanceState, str]:
    """Return a guest's state, and the native task, lock or status that it is derived from.

    A guest with a lock is busy with the task that locked it. A status that is not in `STATES` is
    UPDATING. Raises UnexpectedAnswer for a guest without a status.
    """
    if guest.task in TASKS:
        return TASKS[guest.task], guest.task
    if guest.lock:
        return LOCKS.get(guest.lock, InstanceState.UPDATING), guest.lock
    status = to_text(guest.status.get("status"))
    if status is None:
        raise missing("status")
    native_state = to_text(guest.status.get("qmpstatus")) or status if guest.runs else status
    state = STATES.get(native_state, InstanceState.UPDATING)
    if state is InstanceState.STOPPED and guest.metadata.incomplete:
        return InstanceState.PENDING, native_state
    return state, native_state
