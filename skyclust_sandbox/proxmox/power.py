"""Starting, stopping, rebooting and destroying guests."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from skyclust_sandbox.proxmox import drives
from skyclust_sandbox.proxmox.replies import TaskFailed, refused
from skyclust_sandbox.proxmox.routing import ApiRequest
from skyclust_sandbox.proxmox.state import Cluster, Guest
from skyclust_sandbox.proxmox.tasks import begin, failed, lock_holder, lock_message, require_idle

_TASK_PREFIX: Final = {"qemu": "qm", "lxc": "vz"}
_IGNORES_SHUTDOWN: Final = "ignores-acpi"
"""A guest with this tag ignores a shutdown, as a guest without ACPI does."""


def start(kind: str, request: ApiRequest) -> object:
    """Start a guest."""
    guest = request.guest(kind)
    if kind == "lxc" and guest.running:
        raise refused(f"CT {guest.vmid} already running")
    return begin_start(request.cluster, request.now, guest, request.principal)


def begin_start(cluster: Cluster, now: float, guest: Guest, user: str) -> str:
    """Begin the task that starts a guest."""
    effect = _unless_busy(cluster, guest, lambda: _start(cluster, guest))
    return _begin(cluster, now, guest, "start", user=user, effect=effect)


def _start(cluster: Cluster, guest: Guest) -> None:
    if guest.template:
        raise TaskFailed(f"you can't start a {guest.label.lower()} if it's a template")
    if guest.running:
        raise TaskFailed(f"{guest.label} {guest.vmid} already running")
    _apply_pending(guest)
    node = cluster.nodes[guest.node]
    cores = int(guest.config.get("cores", 1)) * int(guest.config.get("sockets", 1))
    if guest.kind == "qemu" and cores > node.cores:
        raise TaskFailed(f"MAX {node.cores} vcpus allowed per VM on this node")
    guest.running = True
    guest.paused = False
    guest.started_at = time.time()


def _apply_pending(guest: Guest) -> None:
    for key, value in guest.pending.items():
        guest.config.pop(key, None)
        if value != "":
            guest.config[key] = value
    guest.pending.clear()


def stop(kind: str, request: ApiRequest) -> object:
    """Power a guest off."""
    guest = request.guest(kind)
    if kind == "lxc" and not guest.running:
        raise refused(f"CT {guest.vmid} not running")
    cluster = request.cluster
    if request.flag("overrule-shutdown"):
        _abort_shutdown(cluster, guest)
    effect = _unless_busy(cluster, guest, lambda: _halt(guest))
    return _begin(
        cluster, request.now, guest, "stop", user=request.principal, effect=effect, share=0.3
    )


def _abort_shutdown(cluster: Cluster, guest: Guest) -> None:
    task = lock_holder(cluster, guest)
    if task is not None and task.type.endswith("shutdown"):
        task.exit_status = "received interrupt"


def shutdown(kind: str, request: ApiRequest) -> object:
    """Shut a guest down; with `forceStop` it is powered off when that takes too long."""
    guest = request.guest(kind)
    if guest.paused:
        raise refused("VM is paused - cannot shutdown")
    if not guest.running:
        raise refused(f"{guest.label} {guest.vmid} not running")
    cluster, effect, share = request.cluster, _halting(guest), 1.0
    if _IGNORES_SHUTDOWN in str(guest.config.get("tags", "")):
        share = 3.0
        if not request.flag("forceStop"):
            effect = failed("VM quit/powerdown failed - got timeout")
    effect = _unless_busy(cluster, guest, effect)
    return _begin(
        cluster, request.now, guest, "shutdown", user=request.principal, effect=effect, share=share
    )


def _halting(guest: Guest) -> Callable[[], None]:
    return lambda: _halt(guest)


def _halt(guest: Guest) -> None:
    guest.running = False
    guest.paused = False
    _apply_pending(guest)


def reboot(kind: str, request: ApiRequest) -> object:
    """Shut a guest down and start it again."""
    guest = request.guest(kind)
    if not guest.running:
        raise refused(f"{guest.label} {guest.vmid} not running")
    cluster = request.cluster

    def restart() -> None:
        _halt(guest)
        _start(cluster, guest)

    effect = _unless_busy(cluster, guest, restart)
    return _begin(cluster, request.now, guest, "reboot", user=request.principal, effect=effect)


def suspend(kind: str, request: ApiRequest) -> object:
    """Pause a VM."""
    guest = request.guest(kind)
    require_idle(request.cluster, guest)
    if not guest.running:
        raise refused(f"{guest.label} {guest.vmid} not running")
    guest.paused = True
    return _begin(
        request.cluster, request.now, guest, "suspend", user=request.principal, effect=lambda: None
    )


def resume(kind: str, request: ApiRequest) -> object:
    """Resume a paused VM."""
    guest = request.guest(kind)
    require_idle(request.cluster, guest)
    if not guest.running:
        raise refused(f"{guest.label} {guest.vmid} not running")
    guest.paused = False
    return _begin(
        request.cluster, request.now, guest, "resume", user=request.principal, effect=lambda: None
    )


def destroy(kind: str, request: ApiRequest) -> object:
    """Delete a guest and the volumes that it owns."""
    guest, cluster = request.guest(kind), request.cluster
    if guest.lock:
        raise refused(f"{guest.label} is locked ({guest.lock})")
    if guest.config.get("protection"):
        raise refused(f"can't remove {guest.label} {guest.vmid} - protection mode enabled")
    if guest.running:
        raise refused(f"{guest.label} {guest.vmid} is running - destroy failed")

    def remove() -> None:
        for volume in drives.owned(cluster, guest.vmid):
            if request.flag("destroy-unreferenced-disks") or _has_volume(guest, volume.volid):
                cluster.remove_volume(volume)
        cluster.guests.pop(guest.vmid, None)

    effect = _unless_busy(cluster, guest, remove)
    return _begin(cluster, request.now, guest, "destroy", user=request.principal, effect=effect)


def _has_volume(guest: Guest, volid: str) -> bool:
    return any(volid in str(value) for value in guest.config.values())


def _unless_busy(cluster: Cluster, guest: Guest, effect: Callable[[], None]) -> Callable[[], None]:
    """Return the effect of a task; it fails when another task has the guest locked."""
    if guest.lock:
        return failed(f"{guest.label} is locked ({guest.lock})")
    if lock_holder(cluster, guest):
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
    """Begin a task of a guest; it locks the guest unless another task has."""
    is_free = not guest.lock and lock_holder(cluster, guest) is None
    return begin(
        cluster,
        now,
        node=guest.node,
        kind=f"{_TASK_PREFIX[guest.kind]}{verb}",
        about=str(guest.vmid),
        user=user,
        effect=effect,
        share=share if is_free else 0.0,
        holds=guest if is_free else None,
    )
