"""Reading guests: lists, status, configuration, snapshots."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import sha1

from skyclust_sandbox.proxmox import access, drives
from skyclust_sandbox.proxmox.replies import invalid, refused
from skyclust_sandbox.proxmox.routing import ApiRequest, Handler, to_vmid
from skyclust_sandbox.proxmox.state import MIB, Guest, Value


def sees(request: ApiRequest, guest: Guest) -> bool:
    """Return whether the caller may see a guest; lists silently omit other guests."""
    path = f"/vms/{guest.vmid}"
    return "VM.Audit" in access.privileges(request.cluster, request.principal, path)


def usage(request: ApiRequest, guest: Guest) -> dict[str, object]:
    """Return the size of a guest, and how much of it is used now."""
    sizes = [
        drives.to_bytes(options.get("size", "0")) for _, _, options in drives.disks(guest.config)
    ]
    return {
        "maxmem": int(guest.config.get("memory", 512)) * MIB,
        "maxdisk": sizes[0] if sizes else 0,
        "mem": int(guest.config.get("memory", 512)) * MIB // 3 if guest.running else 0,
        "cpu": 0.02 if guest.running else 0,
        "uptime": int(request.now - guest.started_at) if guest.running else 0,
        "disk": 0,
        "netin": 0,
        "netout": 0,
        "diskread": 0,
        "diskwrite": 0,
        "cores": _processors(request, guest),
    }


def _processors(request: ApiRequest, guest: Guest) -> Value:
    """Return the number of processors; the limit of a container is a string, maybe a fraction."""
    if guest.kind == "qemu":
        return int(guest.config.get("cores", 1)) * int(guest.config.get("sockets", 1))
    node = request.cluster.nodes[guest.node]
    return guest.config.get("cores") or guest.config.get("cpulimit") or node.cores


def _lock_and_tags(guest: Guest) -> dict[str, object]:
    fields: dict[str, object] = {}
    if guest.lock:
        fields["lock"] = guest.lock
    if guest.config.get("tags"):
        fields["tags"] = guest.config["tags"]
    return fields


def to_list_item(request: ApiRequest, guest: Guest) -> dict[str, object]:
    """Return a guest as an item of the cluster's list, also when its node is offline."""
    size = usage(request, guest)
    online = request.cluster.nodes[guest.node].online
    status = "running" if guest.running else "stopped"
    known = {
        "id": f"{guest.kind}/{guest.vmid}",
        "type": guest.kind,
        "vmid": guest.vmid,
        "node": guest.node,
        "template": int(guest.template),
        "status": status if online else "unknown",
        **_lock_and_tags(guest),
    }
    if guest.pool:
        known["pool"] = guest.pool
    if online:
        known |= {"name": guest.name, "maxcpu": size.pop("cores"), **size}
    return known


def get_list(kind: str, request: ApiRequest) -> object:
    """Return the guests of one kind on a node."""
    guests = request.cluster.guests.values()
    on_node = [guest for guest in guests if (guest.node, guest.kind) == (request.node, kind)]
    return [_status(request, guest, in_list=True) for guest in on_node if sees(request, guest)]


def get_status(kind: str, request: ApiRequest) -> object:
    """Return a guest's status."""
    return _status(request, request.guest(kind), in_list=False)


def _status(request: ApiRequest, guest: Guest, *, in_list: bool) -> dict[str, object]:
    size = usage(request, guest)
    status = "running" if guest.running else "stopped"
    known = {
        "vmid": guest.vmid,
        "name": guest.name,
        "status": status,
        "cpus": size.pop("cores"),
        **size,
        **_lock_and_tags(guest),
    }
    if guest.template:
        known["template"] = 1
    if guest.kind == "lxc":
        known["type"] = "lxc"
    elif not in_list or request.flag("full"):
        known["qmpstatus"] = "paused" if guest.paused else status
    if guest.running:
        known["pid"] = 100_000 + guest.vmid % 100_000
    return known if in_list else {**known, "ha": {"managed": 0}}


def get_config(kind: str, request: ApiRequest) -> object:
    """Return a guest's configuration with its pending changes, or with `current` without them."""
    guest = request.guest(kind)
    config = dict(guest.config)
    if not request.flag("current"):
        for key, value in guest.pending.items():
            config.pop(key, None)
            if value != "":
                config[key] = value
    return {**config, "digest": digest(guest)}


def digest(guest: Guest) -> str:
    """Return the digest of a guest's configuration."""
    content = repr(sorted(guest.config.items()))
    return sha1(content.encode(), usedforsecurity=False).hexdigest()


def get_pending(kind: str, request: ApiRequest) -> object:
    """Return a guest's configuration and its pending changes, by key."""
    guest = request.guest(kind)
    keys = sorted({*guest.config, *guest.pending})
    return [_pending(guest, key) for key in keys]


def _pending(guest: Guest, key: str) -> dict[str, Value]:
    item: dict[str, Value] = {"key": key}
    if key in guest.config:
        item["value"] = guest.config[key]
    if key in guest.pending:
        item |= {"delete": 1} if guest.pending[key] == "" else {"pending": guest.pending[key]}
    return item


def get_snapshots(kind: str, request: ApiRequest) -> object:
    """Return a guest's snapshots, with `current` for the guest itself."""
    guest = request.guest(kind)
    items: list[dict[str, object]] = []
    for snapshot in guest.snapshots.values():
        known: dict[str, object] = {
            "name": snapshot.name,
            "description": snapshot.description,
            "snaptime": snapshot.time,
        }
        if snapshot.parent:
            known["parent"] = snapshot.parent
        if snapshot.state:
            known["snapstate"] = snapshot.state
        if kind == "qemu":
            known["vmstate"] = 0
        items.append(known)
    current: dict[str, object] = {
        "name": "current",
        "description": "You are here!",
        "digest": digest(guest),
    }
    if guest.config.get("parent"):
        current["parent"] = guest.config["parent"]
    if kind == "qemu":
        current["running"] = int(guest.running)
    return [*items, current]


def next_id(request: ApiRequest) -> object:
    """Return a free VMID, which is not reserved."""
    requested = request.parameters.get("vmid")
    if requested is not None:
        taken = {guest.vmid for guest in request.cluster.listed_guests(request.now)}
        if to_vmid(requested) in taken:
            raise invalid(vmid=f"VM {requested} already exists")
        return requested
    taken = {guest.vmid for guest in request.cluster.listed_guests(request.now)}
    for vmid in range(100, 1_000_000):
        if vmid not in taken:
            return str(vmid)
    raise refused("unable to get any free VMID in range [100, 1000000]")


def of(kind: str, handler: Callable[[str, ApiRequest], object]) -> Handler:
    """Return a handler for one kind of guest."""
    return partial(handler, kind)
