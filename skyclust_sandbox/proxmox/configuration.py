"""Changing a guest's configuration: values, drives, and pending changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from skyclust_sandbox.proxmox import drives
from skyclust_sandbox.proxmox.guests import digest
from skyclust_sandbox.proxmox.replies import TaskFailed, invalid, refused
from skyclust_sandbox.proxmox.routing import ApiRequest
from skyclust_sandbox.proxmox.state import GIB, Cluster, Guest, Value
from skyclust_sandbox.proxmox.tasks import begin, require_idle

_NUMBERS: Final = frozenset(
    {"cores", "sockets", "onboot", "protection", "template", "unprivileged", "balloon", "acpi",
     "tablet", "kvm", "numa", "swap", "console"}
)  # fmt: skip
_AT_NEXT_START: Final = frozenset({"cores", "sockets", "memory", "cpu", "machine", "bios"})
_NEVER_SET: Final = frozenset({"delete", "digest", "force", "background_delay", "skiplock"})
_TAG: Final = re.compile(r"[a-z0-9_][a-z0-9_+.-]*", re.IGNORECASE)
_DNS: Final = re.compile(
    r"[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*"
)
_NEW: Final = re.compile(r"([\w-]+):(\d+(?:\.\d+)?)")
_IMPORT_SIZE: Final = 2 * GIB
"""The size of an imported image; cloud images have about this size."""


def checked(kind: str, values: Mapping[str, str]) -> dict[str, Value]:
    """Return values in the form of a configuration; raises Refused for invalid values."""
    kept: dict[str, Value] = {}
    for key, text in values.items():
        if key in _NEVER_SET:
            continue
        if key in {"name", "hostname"} and not _DNS.fullmatch(text):
            raise invalid(**{key: "invalid format - value does not look like a valid DNS name"})
        if key == "tags":
            tags = [tag for tag in re.split(r"[;, ]+", text) if tag]
            if not all(_TAG.fullmatch(tag) for tag in tags):
                raise invalid(tags="invalid format - invalid characters in tag")
            kept[key] = ";".join(sorted({tag.lower() for tag in tags}))
            continue
        if key == "description" and len(text) > 8192:
            raise invalid(description="value may only be 8192 characters long")
        if key in {"cores", "memory"} and (not text.isdigit() or int(text) < 1):
            raise invalid(**{key: f"type check ('integer') failed - got '{text}'"})
        is_number = key in _NUMBERS or (key == "memory" and kind == "lxc")
        kept[key] = int(text) if is_number and text.isdigit() else text
    return kept


def check_networks(cluster: Cluster, node: str, values: Mapping[str, Value]) -> None:
    """Raise Refused for a network card on a bridge that the node does not have."""
    for key, value in values.items():
        if re.fullmatch(r"net\d+", key):
            options = dict(part.partition("=")[::2] for part in str(value).split(","))
            bridge = options.get("bridge", "")
            if all(b.name != bridge or b.node not in {"", node} for b in cluster.bridges):
                raise refused(f"bridge '{bridge}' does not exist")


def with_volumes(cluster: Cluster, guest: Guest, values: Mapping[str, Value]) -> dict[str, Value]:
    """Create the volumes that values request, and return the values with them.

    `local-lvm:32` requests a disk of 32 GiB, `local-lvm:0,import-from=VOLUME` a copy of a volume,
    `local-lvm:cloudinit` the drive of cloud-init. Raises TaskFailed when the storage is full.
    """
    created: dict[str, Value] = {}
    for key, value in values.items():
        created[key] = value
        if not drives.DISK.fullmatch(key):
            continue
        volid, options = drives.parse(value)
        storage, _, rest = volid.partition(":")
        if volid == "none":
            continue
        if storage not in cluster.storages:
            raise TaskFailed(f"storage '{storage}' does not exist")
        if rest == "cloudinit":
            created[key] = drives.cloudinit(cluster, guest, storage)
        elif (new := _NEW.fullmatch(volid)) is not None:
            source = options.pop("import-from", None)
            size = _size_of(cluster, guest, source) if source else int(float(new[2]) * GIB)
            volume = drives.allocate(cluster, guest, storage, size)
            created[key] = drives.to_value(volume.volid, {**options, "size": drives.to_text(size)})
        else:
            existing = cluster.volume(volid, guest.node)
            if existing is None:
                raise TaskFailed(f"volume '{volid}' does not exist")
            size_text = drives.to_text(existing.size)
            created[key] = drives.to_value(volid, {**options, "size": size_text})
    return created


def _size_of(cluster: Cluster, guest: Guest, source: str) -> int:
    volume = cluster.volume(source, guest.node)
    if volume is None:
        raise TaskFailed(f"volume '{source}' does not exist")
    return max(volume.size, _IMPORT_SIZE)


def update_synchronously(kind: str, request: ApiRequest) -> object:
    """Change a configuration before the reply (PUT)."""
    guest = request.guest(kind)
    _check_change(request, guest)
    try:
        apply(request.cluster, guest, request.parameters)
    except TaskFailed as failure:
        raise refused(str(failure)) from failure
    return None


def update_by_task(kind: str, request: ApiRequest) -> object:
    """Change a configuration in a task (POST)."""
    guest = request.guest(kind)
    _check_change(request, guest)
    return begin(
        request.cluster,
        request.now,
        node=guest.node,
        kind="qmconfig",
        about=str(guest.vmid),
        user=request.principal,
        effect=lambda: apply(request.cluster, guest, request.parameters),
        share=0.25,
        holds=guest,
    )


def _check_change(request: ApiRequest, guest: Guest) -> None:
    values = checked(guest.kind, request.parameters)
    if not values and not request.parameters.get("delete"):
        raise refused("no options specified")
    require_idle(request.cluster, guest)
    check_networks(request.cluster, guest.node, values)
    if request.parameters.get("digest", digest(guest)) != digest(guest):
        raise refused("checksum mismatch (file change by other user?)")
    core_limit = request.cluster.nodes[guest.node].cores
    if guest.kind == "lxc" and int(values.get("cores", 1)) > core_limit:
        raise refused(f"invalid 'cores' value, only {core_limit} cpus available")


def apply(cluster: Cluster, guest: Guest, parameters: Mapping[str, str]) -> None:
    """Change a configuration; raises TaskFailed when a volume cannot be created."""
    for key in filter(None, re.split(r"[;, ]+", parameters.get("delete", ""))):
        _remove(cluster, guest, key)
    values = with_volumes(cluster, guest, checked(guest.kind, parameters))
    for key, value in values.items():
        if guest.running and guest.kind == "qemu" and key in _AT_NEXT_START:
            guest.pending[key] = value
        else:
            guest.pending.pop(key, None)
            _replace(guest, key, value)


def _replace(guest: Guest, key: str, value: Value) -> None:
    before = guest.config.get(key)
    guest.config[key] = value
    volid = drives.parse(value)[0]
    if not drives.DISK.fullmatch(key) or key.startswith("unused"):
        return
    for other, unused, _ in list(drives.disks(guest.config)):
        if other.startswith("unused") and unused == volid:
            del guest.config[other]
    if before is not None and drives.parse(before)[0] != volid:
        _keep_unused(guest, str(before))


def _remove(cluster: Cluster, guest: Guest, key: str) -> None:
    value = guest.config.get(key)
    if value is None:
        return
    if drives.DISK.fullmatch(key):
        boot = str(guest.config.get("boot", "")).removeprefix("order=").split(";")
        if guest.running and key in boot[:1]:
            raise TaskFailed(f"can't unplug bootdisk '{key}'")
        del guest.config[key]
        volid, options = drives.parse(value)
        if key.startswith("unused") or options.get("media") == "cdrom":
            volume = cluster.volume(volid, guest.node)
            if volume is not None and volume.vmid == guest.vmid:
                cluster.remove_volume(volume)
            return
        _keep_unused(guest, str(value))
    elif guest.running and guest.kind == "qemu" and key in _AT_NEXT_START:
        guest.pending[key] = ""
    else:
        del guest.config[key]


def _keep_unused(guest: Guest, value: str) -> None:
    """Keep a volume that the guest owns as an unused disk; drop a volume of another guest."""
    volid = drives.parse(value)[0]
    if f"-{guest.vmid}-" not in volid:
        return
    number = 0
    while f"unused{number}" in guest.config:
        number += 1
    guest.config[f"unused{number}"] = volid
