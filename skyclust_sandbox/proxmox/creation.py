"""Creating guests: by clone, from an image, or empty. A failed creation leaves nothing behind.

The VMID is allocated when the call returns, by an empty configuration with the lock `create`. The
task sets name and description a moment later, with the lock `clone`.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from typing import Final

from skyclust_sandbox.proxmox import access, drives
from skyclust_sandbox.proxmox.configuration import check_networks, checked, with_volumes
from skyclust_sandbox.proxmox.power import begin_start
from skyclust_sandbox.proxmox.replies import TaskFailed, refused
from skyclust_sandbox.proxmox.routing import ApiRequest, to_vmid
from skyclust_sandbox.proxmox.state import Cluster, Guest, Value
from skyclust_sandbox.proxmox.tasks import HIDDEN, begin

_DESCRIBED_SHARE: Final = 0.2
_NO_CONFIG: Final = frozenset(
    {"vmid", "start", "storage", "ostemplate", "password", "ssh-public-keys", "pool", "unique"}
)
_CREATE: Final = {"qemu": "qmcreate", "lxc": "vzcreate"}
_CLONE: Final = {"qemu": "qmclone", "lxc": "vzclone"}


def clone(kind: str, request: ApiRequest) -> object:
    """Copy a guest or a template into a new guest."""
    cluster, parameters = request.cluster, request.parameters
    source = request.guest(kind)
    newid = to_vmid(parameters["newid"])
    target = parameters.get("target", source.node)
    _check_node(cluster, target)
    name = parameters.get("name" if kind == "qemu" else "hostname")
    checked(kind, {"name": name} if name else {})
    if source.lock:
        raise refused(f"{source.label} is locked ({source.lock})")
    _check_storage(cluster, request.principal, source, target, parameters.get("storage"))
    if newid in cluster.guests:
        raise refused(f"unable to create {source.label} {newid}: config file already exists")
    guest = _allocate(cluster, kind, newid, target)

    def describe() -> None:
        guest.config = {**_copied_config(source), "lock": "clone" if kind == "qemu" else "create"}
        if name:
            guest.config["name" if kind == "qemu" else "hostname"] = name
        if "description" in parameters:
            guest.config["description"] = parameters["description"]

    def finish() -> None:
        if newid not in cluster.guests:
            raise TaskFailed("Lost 'create' config lock, aborting.")
        try:
            copies = _copy_disks(cluster, source, guest, parameters.get("storage"))
        except TaskFailed as failure:
            _undo(cluster, guest)
            raise TaskFailed(f"clone failed: {failure}") from failure
        guest.config |= copies
        guest.config.pop("lock", None)

    node, user, about = source.node, request.principal, str(source.vmid)
    begin(
        cluster, request.now, node=node, kind=HIDDEN, about=about, user=user, effect=describe,
        share=_DESCRIBED_SHARE,
    )  # fmt: skip
    return begin(
        cluster, request.now, node=node, kind=_CLONE[kind], about=about, user=user, effect=finish
    )


def create(kind: str, request: ApiRequest) -> object:
    """Create a guest from its configuration: with new disks, or with copies of an image."""
    cluster, parameters = request.cluster, request.parameters
    vmid = to_vmid(parameters["vmid"])
    values = checked(kind, {key: text for key, text in parameters.items() if key not in _NO_CONFIG})
    check_networks(cluster, request.node, values)
    if kind == "lxc":
        _check_template(cluster, request.node, parameters["ostemplate"])
    guest = _allocate(cluster, kind, vmid, request.node)

    def finish() -> None:
        try:
            config = with_volumes(cluster, guest, _with_root(values, parameters, kind))
        except TaskFailed as failure:
            _undo(cluster, guest)
            raise TaskFailed(f"unable to create {guest.label} {vmid} - {failure}") from failure
        guest.config = {**_generated_fields(kind, request.now), **_with_mac_addresses(config)}
        if request.flag("start"):
            begin_start(cluster, request.now, guest, request.principal)

    return begin(
        cluster,
        request.now,
        node=request.node,
        kind=_CREATE[kind],
        about=str(vmid),
        user=request.principal,
        effect=finish,
    )


def _allocate(cluster: Cluster, kind: str, vmid: int, node: str) -> Guest:
    """Return a new guest with a VMID; raises Refused when another guest has it."""
    if vmid in cluster.guests:
        holder = cluster.guests[vmid]
        raise refused(
            f"unable to create {'VM' if kind == 'qemu' else 'CT'} {vmid}:"
            f" {holder.label} {vmid} already exists on node '{holder.node}'"
        )
    guest = Guest(vmid, kind, node, {"lock": "create"})
    cluster.guests[vmid] = guest
    return guest


def _undo(cluster: Cluster, guest: Guest) -> None:
    for volume in drives.owned(cluster, guest.vmid):
        cluster.remove_volume(volume)
    cluster.guests.pop(guest.vmid, None)


def _check_node(cluster: Cluster, node: str) -> None:
    if node not in cluster.nodes:
        raise refused(f"target node '{node}' does not exist")
    if not cluster.nodes[node].online:
        raise refused(f"target node '{node}' is offline")


def _check_storage(
    cluster: Cluster, principal: str, source: Guest, target: str, storage: str | None
) -> None:
    if storage is not None and storage not in cluster.storages:
        raise refused(f"storage '{storage}' does not exist")
    for _, volid, _ in drives.disks(source.config):
        name = volid.partition(":")[0]
        access.check(cluster, principal, f"/storage/{storage or name}", "Datastore.AllocateSpace")
        if target != source.node and not cluster.storages[name].shared:
            raise refused(f"can't clone VM to node '{target}' (VM uses local storage)")


def _check_template(cluster: Cluster, node: str, volid: str) -> None:
    volume = cluster.volume(volid, node)
    if volume is None or volume.content != "vztmpl":
        raise refused(f"volume '{volid}' does not exist")


def _copied_config(source: Guest) -> dict[str, Value]:
    """Return the configuration of a clone: without disks, with new MAC addresses and ids."""
    kept: dict[str, Value] = {
        key: value
        for key, value in source.config.items()
        if not drives.DISK.fullmatch(key) and key not in {"template", "lock", "parent", "digest"}
    }
    if source.kind == "qemu":
        kept["smbios1"] = f"uuid={uuid.uuid4()}"
        kept["vmgenid"] = str(uuid.uuid4())
    return _with_mac_addresses(kept, renew=True)


def _copy_disks(
    cluster: Cluster, source: Guest, guest: Guest, storage: str | None
) -> dict[str, Value]:
    copies: dict[str, Value] = {}
    for key, value in source.config.items():
        if not drives.DISK.fullmatch(key) or key.startswith("unused"):
            continue
        volid, options = drives.parse(value)
        name = volid.partition(":")[0]
        if volid.endswith("-cloudinit"):
            copies[key] = drives.cloudinit(cluster, guest, storage or name)
            continue
        origin = cluster.volume(volid, source.node)
        if origin is None:
            raise TaskFailed(f"volume '{volid}' does not exist")
        volume = drives.allocate(cluster, guest, storage or name, origin.size)
        volume.text = origin.text
        copies[key] = drives.to_value(
            volume.volid, {**options, "size": drives.to_text(origin.size)}
        )
    return copies


def _generated_fields(kind: str, now: float) -> dict[str, Value]:
    if kind == "lxc":
        return {"arch": "amd64", "ostype": "debian", "swap": 512}
    return {
        "smbios1": f"uuid={uuid.uuid4()}",
        "vmgenid": str(uuid.uuid4()),
        "meta": f"creation-qemu=10.0.2,ctime={int(now)}",
    }


def _with_root(
    values: dict[str, Value], parameters: Mapping[str, str], kind: str
) -> dict[str, Value]:
    if kind == "lxc" and "rootfs" not in values:
        return {**values, "rootfs": f"{parameters.get('storage', 'local-lvm')}:4"}
    return values


def _with_mac_addresses(values: dict[str, Value], *, renew: bool = False) -> dict[str, Value]:
    """Return values in which each network card has its own MAC address."""
    kept = dict(values)
    for key, value in values.items():
        if not key.startswith("net") or not key[3:].isdigit():
            continue
        address = "BC:24:11:" + ":".join(f"{byte:02X}" for byte in secrets.token_bytes(3))
        parts = str(value).split(",")
        model, _, existing = parts[0].partition("=")
        if "bridge=" in str(value) and model in {"virtio", "e1000"}:
            parts[0] = f"{model}={existing if existing and not renew else address}"
        else:
            parts = [part for part in parts if renew is False or not part.startswith("hwaddr=")]
            if all(not part.startswith("hwaddr=") for part in parts):
                parts.append(f"hwaddr={address}")
        kept[key] = ",".join(parts)
    return kept
