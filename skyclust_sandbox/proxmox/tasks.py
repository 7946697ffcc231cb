"""Tasks: created by a call, executed when they are due.

Nothing runs in the background: each call first executes the tasks that are due (`settle`). A task
that failed has the status `stopped` like any other, with another exit status.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from skyclust_sandbox.proxmox.replies import TaskFailed, refused
from skyclust_sandbox.proxmox.state import Cluster, Guest, Task

HIDDEN: Final = ""
"""The type of a step within a task, which no list has."""

KEPT: Final = 2000
"""How many tasks are kept; a node keeps about as many in its index."""


def begin(
    cluster: Cluster,
    now: float,
    *,
    node: str,
    kind: str,
    about: str,
    user: str,
    effect: Callable[[], None],
    share: float = 1.0,
    holds: Guest | None = None,
) -> str:
    """Begin a task and return its UPID; it ends after a share of the transition time.

    `holds` is the guest whose configuration file the task locks until then.
    """
    cluster.serial += 1
    pid = 4096 + cluster.serial
    upid = f"UPID:{node}:{pid:08X}:{cluster.serial:08X}:{int(now):08X}:{kind}:{about}:{user}:"
    end = now + share * cluster.transition_seconds
    task = Task(upid, node, kind, about, user, now, end, effect)
    task.holds = holds.vmid if holds else None
    cluster.tasks[upid] = task
    if len(cluster.tasks) > KEPT:
        del cluster.tasks[next(iter(cluster.tasks))]
    return upid


def settle(cluster: Cluster, now: float) -> None:
    """Execute the tasks that are due, in the order of their end."""
    while due := [
        task for task in cluster.tasks.values() if task.exit_status is None and task.end <= now
    ]:
        task = min(due, key=lambda due_task: due_task.end)
        try:
            task.effect()
        except TaskFailed as failure:
            task.exit_status = str(failure)
        else:
            task.exit_status = "OK"


def failed(message: str) -> Callable[[], None]:
    """Return the effect of a task that fails with a message."""

    def fail() -> None:
        raise TaskFailed(message)

    return fail


def lock_holder(cluster: Cluster, guest: Guest) -> Task | None:
    """Return the task that locks a guest's configuration file, or None."""
    running = (task for task in cluster.tasks.values() if task.exit_status is None)
    return next((task for task in running if task.holds == guest.vmid), None)


def lock_message(guest: Guest) -> str:
    """Return the message for a configuration file that another task has locked."""
    folder, kind = ("lxc", "config") if guest.kind == "lxc" else ("qemu-server", "lock")
    path = f"/run/lock/lxc/pve-{kind}-{guest.vmid}.lock"
    if guest.kind == "qemu":
        path = f"/var/lock/{folder}/{kind}-{guest.vmid}.conf"
    return f"can't lock file '{path}' - got timeout"


def require_idle(cluster: Cluster, guest: Guest) -> None:
    """Raise Refused for a guest that has a lock or a running task."""
    if guest.lock:
        raise refused(f"{guest.label} is locked ({guest.lock})")
    if lock_holder(cluster, guest):
        raise refused(lock_message(guest))


def to_status(task: Task) -> dict[str, object]:
    """Return the status of a task."""
    known: dict[str, object] = {
        "upid": task.upid,
        "node": task.node,
        "pid": int(task.upid.split(":")[2], 16),
        "pstart": int(task.upid.split(":")[3], 16),
        "starttime": int(task.start),
        "type": task.type,
        "id": task.id,
        "user": task.user,
        "status": "running" if task.exit_status is None else "stopped",
    }
    if task.exit_status is not None:
        known["exitstatus"] = task.exit_status
    return known
