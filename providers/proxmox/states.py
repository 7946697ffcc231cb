"""The states of machines: what a task, a lock and a status stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.proxmox.fields import missing, to_text
from skyclust.model.instance import InstanceState

if TYPE_CHECKING:
    from providers.proxmox.guests import Machine

# What runs on a machine decides, whatever its status says meanwhile. Consoles are tasks too,
# and change nothing: what is not here does not count.
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


def to_state(machine: Machine) -> tuple[InstanceState, str]:
    """Return a machine's state, and Proxmox VE's own word that it comes from.

    A machine that is locked is busy with what locked it; a word that Proxmox VE adds one day is
    UPDATING. Raises UnexpectedAnswer for a machine that has no status at all.
    """
    if machine.task in TASKS:
        return TASKS[machine.task], machine.task
    if machine.lock:
        return LOCKS.get(machine.lock, InstanceState.UPDATING), machine.lock
    status = to_text(machine.status.get("status"))
    if status is None:
        raise missing("status")
    native = to_text(machine.status.get("qmpstatus")) or status if machine.runs else status
    state = STATES.get(native, InstanceState.UPDATING)
    if state is InstanceState.STOPPED and machine.mark.making:
        return InstanceState.PENDING, native
    return state, native
