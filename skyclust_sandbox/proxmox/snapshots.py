"""Snapshots of guests, and growing and moving their disks."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Final

from skyclust_sandbox.proxmox import drives
from skyclust_sandbox.proxmox.answers import TaskFailed, invalid, refused
from skyclust_sandbox.proxmox.configuration import apply
from skyclust_sandbox.proxmox.routing import Asked, number
from skyclust_sandbox.proxmox.state import Cluster, Guest, Snapshot, Volume
from skyclust_sandbox.proxmox.tasks import begin, refuse_busy

_WORD: Final = {"qemu": "qm", "lxc": "vz"}
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]+", re.IGNORECASE)


def take(kind: str, asked: Asked) -> object:
    """Take a snapshot of all disks of a guest."""
    guest, cluster = asked.guest(kind), asked.cluster
    name = asked.parameters["snapname"]
    if not _NAME.fullmatch(name) or not 2 <= len(name) <= 40:
        raise invalid(snapname=f"invalid format - invalid configuration ID '{name}'")
    if name in {"current", "pending"}:
        raise refused(f"unable to use snapshot name '{name}' (reserved name)")
    refuse_busy(cluster, guest)
    if name in guest.snapshots:
        return _failing(asked, guest, "snapshot", f"snapshot name '{name}' already used")
    if guest.template:
        return _failing(asked, guest, "snapshot", "you can't take a snapshot if it's a template")
    texts = {one.volid: one.text for one in _volumes(cluster, guest)}
    config = {key: value for key, value in guest.config.items() if key != "lock"}
    guest.snapshots[name] = Snapshot(
        name,
        asked.parameters.get("description", ""),
        int(asked.now),
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

    return _task(asked, guest, "snapshot", commit)


def rollback(kind: str, asked: Asked) -> object:
    """Put a guest back to a snapshot; a running one is stopped for it."""
    guest = asked.guest(kind)
    snapshot = _known(guest, asked.path["snapname"])
    refuse_busy(asked.cluster, guest)
    if snapshot.state:
        raise refused(f"unable to rollback to incomplete snapshot (snapstate = {snapshot.state})")
    guest.config["lock"] = "rollback"
    guest.running = False

    def back() -> None:
        # A disk that came after the snapshot is kept, and belongs to no drive any more.
        later = {volid for _, volid, _ in drives.disks(guest.config)}
        guest.config = dict(snapshot.config)
        guest.config["parent"] = snapshot.name
        if "vmgenid" in guest.config:  # so that its software can tell that time went back
            guest.config["vmgenid"] = str(uuid.uuid4())
        for volume in _volumes(asked.cluster, guest):
            volume.text = snapshot.texts.get(volume.volid, volume.text)
        kept = {volid for _, volid, _ in drives.disks(guest.config)}
        for index, volid in enumerate(sorted(later - kept)):
            if f"-{guest.vmid}-" in volid:
                guest.config[f"unused{index}"] = volid

    return _task(asked, guest, "rollback", back)


def remove(kind: str, asked: Asked) -> object:
    """Remove a snapshot."""
    guest = asked.guest(kind)
    snapshot = _known(guest, asked.path["snapname"])
    refuse_busy(asked.cluster, guest)
    guest.config["lock"] = "snapshot-delete"
    snapshot.state = "delete"

    def forget() -> None:
        del guest.snapshots[snapshot.name]
        for other in guest.snapshots.values():
            if other.parent == snapshot.name:
                other.parent = snapshot.parent
        if guest.config.get("parent") == snapshot.name:
            guest.config["parent"] = snapshot.parent
        guest.config.pop("lock", None)

    return _task(asked, guest, "delsnapshot", forget)


def resize(kind: str, asked: Asked) -> object:
    """Grow a disk."""
    guest, cluster = asked.guest(kind), asked.cluster
    refuse_busy(cluster, guest)
    key, wanted = asked.parameters["disk"], asked.parameters["size"]
    if key not in guest.config:
        raise refused(f"disk '{key}' does not exist")
    volid, options = drives.parse(guest.config[key])
    volume = cluster.volume(volid, guest.node)
    if volume is None:
        raise refused(f"disk '{key}' has no associated volume")
    size = drives.to_bytes(wanted.removeprefix("+")) + volume.size * wanted.startswith("+")
    if size < volume.size:
        raise refused("shrinking disks is not supported")
    if cluster.free(volume.storage, guest.node) < size - volume.size:
        return _failing(asked, guest, "resize", "no space left on device")

    def grow() -> None:
        cluster.grow_volume(volume, size)
        guest.config[key] = drives.joined(volid, {**options, "size": drives.to_text(size)})

    return _task(asked, guest, "resize", grow)


def move_disk(kind: str, asked: Asked) -> object:
    """Give a disk to another machine, which then owns it under a new name."""
    guest, cluster, given = asked.guest(kind), asked.cluster, asked.parameters
    refuse_busy(cluster, guest)
    if "target-vmid" not in given:
        raise refused("either set 'storage' or 'target-vmid' parameter")
    target = cluster.guests.get(number(given["target-vmid"]))
    if target is None or target.node != guest.node:
        raise refused(f"VM {given['target-vmid']} must be on the same node as VM {guest.vmid}")
    key = given["disk"]
    if key not in guest.config:
        raise refused(f"Disk '{key}' for VM '{guest.vmid}' does not exist")

    def hand_over() -> None:
        volume = cluster.volume(drives.parse(guest.config.pop(key))[0], guest.node)
        if volume is None:
            raise TaskFailed(f"disk '{key}' has no associated volume")
        cluster.remove_volume(volume)
        renamed = drives.allocate(cluster, target, volume.storage, volume.size)
        renamed.text = volume.text
        apply(cluster, target, {given.get("target-disk", key): renamed.volid})

    return _task(asked, guest, "move", hand_over)


def _volumes(cluster: Cluster, guest: Guest) -> list[Volume]:
    found = (cluster.volume(volid, guest.node) for _, volid, _ in drives.disks(guest.config))
    return [volume for volume in found if volume is not None]


def _known(guest: Guest, name: str) -> Snapshot:
    if name not in guest.snapshots:
        raise refused(f"snapshot '{name}' does not exist")
    return guest.snapshots[name]


def _failing(asked: Asked, guest: Guest, verb: str, message: str) -> str:
    def fail() -> None:
        raise TaskFailed(message)

    return _task(asked, guest, verb, fail)


def _task(asked: Asked, guest: Guest, verb: str, effect: Callable[[], None]) -> str:
    kind = "resize" if verb == "resize" else f"{_WORD[guest.kind]}{verb}"
    return begin(
        asked.cluster,
        asked.now,
        node=guest.node,
        kind=kind,
        about=str(guest.vmid),
        user=asked.principal,
        effect=effect,
        share=0.5,
        holds=guest,
    )
