"""Snapshots of guests, and growing and moving their disks."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Final

from skyclust_sandbox.proxmox import drives
from skyclust_sandbox.proxmox.configuration import apply
from skyclust_sandbox.proxmox.replies import TaskFailed, invalid, refused
from skyclust_sandbox.proxmox.routing import ApiRequest, to_vmid
from skyclust_sandbox.proxmox.state import Cluster, Guest, Snapshot, Volume
from skyclust_sandbox.proxmox.tasks import begin, require_idle

_TASK_PREFIX: Final = {"qemu": "qm", "lxc": "vz"}
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]+", re.IGNORECASE)


def take(kind: str, request: ApiRequest) -> object:
    """Take a snapshot of all disks of a guest."""
    guest, cluster = request.guest(kind), request.cluster
    name = request.parameters["snapname"]
    if not _NAME.fullmatch(name) or not 2 <= len(name) <= 40:
        raise invalid(snapname=f"invalid format - invalid configuration ID '{name}'")
    if name in {"current", "pending"}:
        raise refused(f"unable to use snapshot name '{name}' (reserved name)")
    require_idle(cluster, guest)
    if name in guest.snapshots:
        return _failing(request, guest, "snapshot", f"snapshot name '{name}' already used")
    if guest.template:
        return _failing(request, guest, "snapshot", "you can't take a snapshot if it's a template")
    texts = {volume.volid: volume.text for volume in _volumes(cluster, guest)}
    config = {key: value for key, value in guest.config.items() if key != "lock"}
    guest.snapshots[name] = Snapshot(
        name,
        request.parameters.get("description", ""),
        int(request.now),
        str(guest.config.get("parent", "")),
        config,
        texts,
        "prepare",
    )
    guest.config["lock"] = "snapshot"

    def commit() -> None:
        guest.snapshots[name].state = ""
        guest.config["parent"] = name
        guest.config.pop("lock", None)

    return _task(request, guest, "snapshot", commit)


def rollback(kind: str, request: ApiRequest) -> object:
    """Roll a guest back to a snapshot; a running guest is powered off."""
    guest = request.guest(kind)
    snapshot = _find(guest, request.path["snapname"])
    require_idle(request.cluster, guest)
    if snapshot.state:
        raise refused(f"unable to rollback to incomplete snapshot (snapstate = {snapshot.state})")
    guest.config["lock"] = "rollback"
    guest.running = False

    def restore() -> None:
        # A disk added after the snapshot becomes an unused disk.
        before = {volid for _, volid, _ in drives.disks(guest.config)}
        guest.config = dict(snapshot.config)
        guest.config["parent"] = snapshot.name
        if "vmgenid" in guest.config:  # so that the guest can detect the rollback
            guest.config["vmgenid"] = str(uuid.uuid4())
        for volume in _volumes(request.cluster, guest):
            volume.text = snapshot.texts.get(volume.volid, volume.text)
        kept = {volid for _, volid, _ in drives.disks(guest.config)}
        for index, volid in enumerate(sorted(before - kept)):
            if f"-{guest.vmid}-" in volid:
                guest.config[f"unused{index}"] = volid

    return _task(request, guest, "rollback", restore)


def remove(kind: str, request: ApiRequest) -> object:
    """Remove a snapshot."""
    guest = request.guest(kind)
    snapshot = _find(guest, request.path["snapname"])
    require_idle(request.cluster, guest)
    guest.config["lock"] = "snapshot-delete"
    snapshot.state = "delete"

    def delete() -> None:
        del guest.snapshots[snapshot.name]
        for other in guest.snapshots.values():
            if other.parent == snapshot.name:
                other.parent = snapshot.parent
        if guest.config.get("parent") == snapshot.name:
            guest.config["parent"] = snapshot.parent
        guest.config.pop("lock", None)

    return _task(request, guest, "delsnapshot", delete)


def resize(kind: str, request: ApiRequest) -> object:
    """Grow a disk."""
    guest, cluster = request.guest(kind), request.cluster
    require_idle(cluster, guest)
    key, new_size = request.parameters["disk"], request.parameters["size"]
    if key not in guest.config:
        raise refused(f"disk '{key}' does not exist")
    volid, options = drives.parse(guest.config[key])
    volume = cluster.volume(volid, guest.node)
    if volume is None:
        raise refused(f"disk '{key}' has no associated volume")
    size = drives.to_bytes(new_size.removeprefix("+")) + volume.size * new_size.startswith("+")
    if size < volume.size:
        raise refused("shrinking disks is not supported")
    if cluster.free(volume.storage, guest.node) < size - volume.size:
        return _failing(request, guest, "resize", "no space left on device")

    def grow() -> None:
        cluster.grow_volume(volume, size)
        guest.config[key] = drives.to_value(volid, {**options, "size": drives.to_text(size)})

    return _task(request, guest, "resize", grow)


def move_disk(kind: str, request: ApiRequest) -> object:
    """Reassign a disk to another guest, which then owns it under a new name."""
    guest, cluster, parameters = request.guest(kind), request.cluster, request.parameters
    require_idle(cluster, guest)
    if "target-vmid" not in parameters:
        raise refused("either set 'storage' or 'target-vmid' parameter")
    target = cluster.guests.get(to_vmid(parameters["target-vmid"]))
    if target is None or target.node != guest.node:
        raise refused(f"VM {parameters['target-vmid']} must be on the same node as VM {guest.vmid}")
    key = parameters["disk"]
    if key not in guest.config:
        raise refused(f"Disk '{key}' for VM '{guest.vmid}' does not exist")

    def reassign() -> None:
        volume = cluster.volume(drives.parse(guest.config.pop(key))[0], guest.node)
        if volume is None:
            raise TaskFailed(f"disk '{key}' has no associated volume")
        cluster.remove_volume(volume)
        renamed = drives.allocate(cluster, target, volume.storage, volume.size)
        renamed.text = volume.text
        apply(cluster, target, {parameters.get("target-disk", key): renamed.volid})

    return _task(request, guest, "move", reassign)


def _volumes(cluster: Cluster, guest: Guest) -> list[Volume]:
    volumes = (cluster.volume(volid, guest.node) for _, volid, _ in drives.disks(guest.config))
    return [volume for volume in volumes if volume is not None]


def _find(guest: Guest, name: str) -> Snapshot:
    if name not in guest.snapshots:
        raise refused(f"snapshot '{name}' does not exist")
    return guest.snapshots[name]


def _failing(request: ApiRequest, guest: Guest, verb: str, message: str) -> str:
    def fail() -> None:
        raise TaskFailed(message)

    return _task(request, guest, verb, fail)


def _task(request: ApiRequest, guest: Guest, verb: str, effect: Callable[[], None]) -> str:
    kind = "resize" if verb == "resize" else f"{_TASK_PREFIX[guest.kind]}{verb}"
    return begin(
        request.cluster,
        request.now,
        node=guest.node,
        kind=kind,
        about=str(guest.vmid),
        user=request.principal,
        effect=effect,
        share=0.5,
        holds=guest,
    )
