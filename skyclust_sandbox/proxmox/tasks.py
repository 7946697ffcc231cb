"""Tasks: begun at once, carried out when their time has come.

Nothing runs beside the calls: each call first settles what is due (`settle`). A task that has
failed is `stopped` like any other; its exit status tells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from skyclust_sandbox.proxmox.answers import TaskFailed, refused
from skyclust_sandbox.proxmox.state import Cluster, Guest, Task

UNSEEN: Final = ""
"""Kind of a step within a task, which no list shows."""

KEPT: Final = 2000
"""Tasks that are remembered; a node keeps about as many in its index."""


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

    `holds` is the guest whose configuration file the task keeps locked meanwhile.
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
    """Carry out what is due, in the order in which it ends."""
    while due := [
        one for one in cluster.tasks.values() if one.exit_status is None and one.end <= now
    ]:
        task = min(due, key=lambda one: one.end)
        try:
            task.effect()
        except TaskFailed as failure:
            task.exit_status = str(failure)
        else:
            task.exit_status = "OK"


def failed(message: str) -> Callable[[], None]:
    """Return what a task does that fails with a message."""

    def fail() -> None:
        raise TaskFailed(message)

    return fail


def holder(cluster: Cluster, guest: Guest) -> Task | None:
    """Return the task that keeps a guest's configuration file locked, None without one."""
    running = (one for one in cluster.tasks.values() if one.exit_status is None)
    return next((one for one in running if one.holds == guest.vmid), None)


def lock_message(guest: Guest) -> str:
    """Return what is said of a configuration file that another task has locked."""
    folder, kind = ("lxc", "config") if guest.kind == "lxc" else ("qemu-server", "lock")
    path = f"/run/lock/lxc/pve-{kind}-{guest.vmid}.lock"
    if guest.kind == "qemu":
        path = f"/var/lock/{folder}/{kind}-{guest.vmid}.conf"
    return f"can't lock file '{path}' - got timeout"


def refuse_busy(cluster: Cluster, guest: Guest) -> None:
    """Raise what a change of a guest gets that is locked or held by a task."""
    if guest.lock:
        raise refused(f"{guest.word} is locked ({guest.lock})")
    if holder(cluster, guest):
        raise refused(lock_message(guest))


def told(task: Task) -> dict[str, object]:
    """Return a task as its status shows it."""
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
