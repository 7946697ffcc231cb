"""Starting, stopping, rebooting and destroying guests."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from skyclust_sandbox.proxmox import drives
from skyclust_sandbox.proxmox.answers import TaskFailed, refused
from skyclust_sandbox.proxmox.routing import Asked
from skyclust_sandbox.proxmox.state import Cluster, Guest
from skyclust_sandbox.proxmox.tasks import begin, failed, holder, lock_message, refuse_busy

_WORD: Final = {"qemu": "qm", "lxc": "vz"}
_IGNORES_SHUTDOWN: Final = "ignores-acpi"
"""A guest with this tag does not shut down when it is asked to, as one without ACPI does."""


def start(kind: str, asked: Asked) -> object:
    """Start a guest."""
    guest = asked.guest(kind)
    if kind == "lxc" and guest.running:
        raise refused(f"CT {guest.vmid} already running")
    return begin_start(asked.cluster, asked.now, guest, asked.principal)


def begin_start(cluster: Cluster, now: float, guest: Guest, user: str) -> str:
    """Begin the task that starts a guest."""
    effect = _unless_busy(cluster, guest, lambda: _start(cluster, guest))
    return _begin(cluster, now, guest, "start", user=user, effect=effect)


def _start(cluster: Cluster, guest: Guest) -> None:
    if guest.template:
        raise TaskFailed(f"you can't start a {guest.word.lower()} if it's a template")
    if guest.running:
        raise TaskFailed(f"{guest.word} {guest.vmid} already running")
    _take_pending(guest)
    node = cluster.nodes[guest.node]
    cores = int(guest.config.get("cores", 1)) * int(guest.config.get("sockets", 1))
    if guest.kind == "qemu" and cores > node.cores:
        raise TaskFailed(f"MAX {node.cores} vcpus allowed per VM on this node")
    guest.running = True
    guest.paused = False
    guest.started_at = time.time()


def _take_pending(guest: Guest) -> None:
    for key, value in guest.pending.items():
        guest.config.pop(key, None)
        if value != "":
            guest.config[key] = value
    guest.pending.clear()


def stop(kind: str, asked: Asked) -> object:
    """Pull a guest's plug."""
    guest = asked.guest(kind)
    if kind == "lxc" and not guest.running:
        raise refused(f"CT {guest.vmid} not running")
    cluster = asked.cluster
    if asked.flag("overrule-shutdown"):
        _abort_shutdown(cluster, guest)
    effect = _unless_busy(cluster, guest, lambda: _halt(guest))
    return _begin(cluster, asked.now, guest, "stop", user=asked.principal, effect=effect, share=0.3)


def _abort_shutdown(cluster: Cluster, guest: Guest) -> None:
    task = holder(cluster, guest)
    if task is not None and task.type.endswith("shutdown"):
        task.exit_status = "received interrupt"


def shutdown(kind: str, asked: Asked) -> object:
    """Ask a guest to end itself; with `forceStop` it is stopped when it does not in time."""
    guest = asked.guest(kind)
    if guest.paused:
        raise refused("VM is paused - cannot shutdown")
    if not guest.running:
        raise refused(f"{guest.word} {guest.vmid} not running")
    cluster, effect, share = asked.cluster, _halting(guest), 1.0
    if _IGNORES_SHUTDOWN in str(guest.config.get("tags", "")):
        share = 3.0
        if not asked.flag("forceStop"):
            effect = failed("VM quit/powerdown failed - got timeout")
    effect = _unless_busy(cluster, guest, effect)
    return _begin(
        cluster, asked.now, guest, "shutdown", user=asked.principal, effect=effect, share=share
    )


def _halting(guest: Guest) -> Callable[[], None]:
    return lambda: _halt(guest)


def _halt(guest: Guest) -> None:
    guest.running = False
    guest.paused = False
    _take_pending(guest)


def reboot(kind: str, asked: Asked) -> object:
    """Shut a guest down and start it again."""
    guest = asked.guest(kind)
    if not guest.running:
        raise refused(f"{guest.word} {guest.vmid} not running")
    cluster = asked.cluster

    def again() -> None:
        _halt(guest)
        _start(cluster, guest)

    effect = _unless_busy(cluster, guest, again)
    return _begin(cluster, asked.now, guest, "reboot", user=asked.principal, effect=effect)


def suspend(kind: str, asked: Asked) -> object:
    """Pause a machine."""
    guest = asked.guest(kind)
    refuse_busy(asked.cluster, guest)
    if not guest.running:
        raise refused(f"{guest.word} {guest.vmid} not running")
    guest.paused = True
    return _begin(
        asked.cluster, asked.now, guest, "suspend", user=asked.principal, effect=lambda: None
    )


def resume(kind: str, asked: Asked) -> object:
    """Let a paused machine go on."""
    guest = asked.guest(kind)
    refuse_busy(asked.cluster, guest)
    if not guest.running:
        raise refused(f"{guest.word} {guest.vmid} not running")
    guest.paused = False
    return _begin(
        asked.cluster, asked.now, guest, "resume", user=asked.principal, effect=lambda: None
    )


def destroy(kind: str, asked: Asked) -> object:
    """Remove a guest and the volumes that are its own."""
    guest, cluster = asked.guest(kind), asked.cluster
    if guest.lock:
        raise refused(f"{guest.word} is locked ({guest.lock})")
    if guest.config.get("protection"):
        raise refused(f"can't remove {guest.word} {guest.vmid} - protection mode enabled")
    if guest.running:
        raise refused(f"{guest.word} {guest.vmid} is running - destroy failed")

    def remove() -> None:
        for volume in drives.owned(cluster, guest.vmid):
            if asked.flag("destroy-unreferenced-disks") or _names(guest, volume.volid):
                cluster.remove_volume(volume)
        cluster.guests.pop(guest.vmid, None)

    effect = _unless_busy(cluster, guest, remove)
    return _begin(cluster, asked.now, guest, "destroy", user=asked.principal, effect=effect)


def _names(guest: Guest, volid: str) -> bool:
    return any(volid in str(value) for value in guest.config.values())


def _unless_busy(cluster: Cluster, guest: Guest, effect: Callable[[], None]) -> Callable[[], None]:
    """Return what a task does that waits for the lock of a configuration file in vain."""
    if guest.lock:
        return failed(f"{guest.word} is locked ({guest.lock})")
    if holder(cluster, guest):
        return failed(lock_message(guest))
    return effect


def _begin(
    cluster: Cluster,
    now: float,
    guest: Guest,
    verb: str,
    *,
    user: str,
    effect: Callable[[], None],
    share: float = 1.0,
) -> str:
    """Begin a task about a guest; it holds the guest unless another one does."""
    is_free = not guest.lock and holder(cluster, guest) is None
    return begin(
        cluster,
        now,
        node=guest.node,
        kind=f"{_WORD[guest.kind]}{verb}",
        about=str(guest.vmid),
        user=user,
        effect=effect,
        share=share if is_free else 0.0,
        holds=guest if is_free else None,
    )
