"""Reading guests: lists, status, configuration, snapshots."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import sha1

from skyclust_sandbox.proxmox import access, drives
from skyclust_sandbox.proxmox.answers import invalid, refused
from skyclust_sandbox.proxmox.routing import Asked, Handler, number
from skyclust_sandbox.proxmox.state import MIB, Guest, Value


def sees(asked: Asked, guest: Guest) -> bool:
    """Return whether the caller sees a guest in lists; others are left out without a word."""
    path = f"/vms/{guest.vmid}"
    return "VM.Audit" in access.privileges(asked.cluster, asked.principal, path)


def _numbers(asked: Asked, guest: Guest) -> dict[str, object]:
    sizes = [
        drives.to_bytes(options.get("size", "0")) for _, _, options in drives.disks(guest.config)
    ]
    return {
        "maxmem": int(guest.config.get("memory", 512)) * MIB,
        "maxdisk": sizes[0] if sizes else 0,
        "mem": int(guest.config.get("memory", 512)) * MIB // 3 if guest.running else 0,
        "cpu": 0.02 if guest.running else 0,
        "uptime": int(asked.now - guest.started_at) if guest.running else 0,
        "disk": 0,
        "netin": 0,
        "netout": 0,
        "diskread": 0,
        "diskwrite": 0,
        "cores": _processors(asked, guest),
    }


def _processors(asked: Asked, guest: Guest) -> Value:
    """Return what a guest has; a container's limit may be a fraction, and is told as text."""
    if guest.kind == "qemu":
        return int(guest.config.get("cores", 1)) * int(guest.config.get("sockets", 1))
    node = asked.cluster.nodes[guest.node]
    return guest.config.get("cores") or guest.config.get("cpulimit") or node.cores


def _marks(guest: Guest) -> dict[str, object]:
    marks: dict[str, object] = {}
    if guest.lock:
        marks["lock"] = guest.lock
    if guest.config.get("tags"):
        marks["tags"] = guest.config["tags"]
    return marks


def listed(asked: Asked, guest: Guest) -> dict[str, object]:
    """Return a guest as the cluster's resources show it, offline nodes' too."""
    numbers = _numbers(asked, guest)
    online = asked.cluster.nodes[guest.node].online
    status = "running" if guest.running else "stopped"
    known = {
        "id": f"{guest.kind}/{guest.vmid}",
        "type": guest.kind,
        "vmid": guest.vmid,
        "node": guest.node,
        "template": int(guest.template),
        "status": status if online else "unknown",
        **_marks(guest),
    }
    if guest.pool:
        known["pool"] = guest.pool
    if online:
        known |= {"name": guest.name, "maxcpu": numbers.pop("cores"), **numbers}
    return known


def get_list(kind: str, asked: Asked) -> object:
    """Return the guests of one kind on a node."""
    guests = asked.cluster.guests.values()
    here = [one for one in guests if (one.node, one.kind) == (asked.node, kind)]
    return [_status(asked, one, in_list=True) for one in here if sees(asked, one)]


def get_status(kind: str, asked: Asked) -> object:
    """Return a guest's status."""
    return _status(asked, asked.guest(kind), in_list=False)


def _status(asked: Asked, guest: Guest, *, in_list: bool) -> dict[str, object]:
    numbers = _numbers(asked, guest)
    status = "running" if guest.running else "stopped"
    known = {
        "vmid": guest.vmid,
        "name": guest.name,
        "status": status,
        "cpus": numbers.pop("cores"),
        **numbers,
        **_marks(guest),
    }
    if guest.template:
        known["template"] = 1
    if guest.kind == "lxc":
        known["type"] = "lxc"
    elif not in_list or asked.flag("full"):
        known["qmpstatus"] = "paused" if guest.paused else status
    if guest.running:
        known["pid"] = 100_000 + guest.vmid % 100_000
    return known if in_list else {**known, "ha": {"managed": 0}}


def get_config(kind: str, asked: Asked) -> object:
    """Return a guest's configuration: as it will be, or with `current` as it is."""
    guest = asked.guest(kind)
    config = dict(guest.config)
    if not asked.flag("current"):
        for key, value in guest.pending.items():
            config.pop(key, None)
            if value != "":
                config[key] = value
    return {**config, "digest": digest(guest)}


def digest(guest: Guest) -> str:
    """Return the digest of a guest's configuration."""
    content = repr(sorted(guest.config.items()))
    return sha1(content.encode(), usedforsecurity=False).hexdigest()


def get_pending(kind: str, asked: Asked) -> object:
    """Return a guest's configuration with what waits for the next start."""
    guest = asked.guest(kind)
    keys = sorted({*guest.config, *guest.pending})
    return [_pending(guest, key) for key in keys]


def _pending(guest: Guest, key: str) -> dict[str, Value]:
    told: dict[str, Value] = {"key": key}
    if key in guest.config:
        told["value"] = guest.config[key]
    if key in guest.pending:
        told |= {"delete": 1} if guest.pending[key] == "" else {"pending": guest.pending[key]}
    return told


def get_snapshots(kind: str, asked: Asked) -> object:
    """Return a guest's snapshots, with `current` for the guest itself."""
    guest = asked.guest(kind)
    told: list[dict[str, object]] = []
    for one in guest.snapshots.values():
        known: dict[str, object] = {
            "name": one.name,
            "description": one.description,
            "snaptime": one.time,
        }
        if one.parent:
            known["parent"] = one.parent
        if one.state:
            known["snapstate"] = one.state
        if kind == "qemu":
            known["vmstate"] = 0
        told.append(known)
    current: dict[str, object] = {
        "name": "current",
        "description": "You are here!",
        "digest": digest(guest),
    }
    if guest.config.get("parent"):
        current["parent"] = guest.config["parent"]
    if kind == "qemu":
        current["running"] = int(guest.running)
    return [*told, current]


def next_id(asked: Asked) -> object:
    """Return a number that is free now; it is reserved for nobody."""
    wanted = asked.parameters.get("vmid")
    if wanted is not None:
        taken = {guest.vmid for guest in asked.cluster.listed_guests(asked.now)}
        if number(wanted) in taken:
            raise invalid(vmid=f"VM {wanted} already exists")
        return wanted
    taken = {guest.vmid for guest in asked.cluster.listed_guests(asked.now)}
    for vmid in range(100, 1_000_000):
        if vmid not in taken:
            return str(vmid)
    raise refused("unable to get any free VMID in range [100, 1000000]")


def of(kind: str, handler: Callable[[str, Asked], object]) -> Handler:
    """Return a handler for one kind of guest."""
    return partial(handler, kind)
