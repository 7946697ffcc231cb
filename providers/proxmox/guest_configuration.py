"""The steps between a copy of an image and a machine that runs; each may be done again."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from providers.proxmox.drives import DATA_SLOTS, GIB, boot_slot, drives, has_cloudinit
from providers.proxmox.fields import to_text
from providers.proxmox.guests import Machine, read_machine
from providers.proxmox.lookups import Source
from providers.proxmox.notes import with_mark
from providers.proxmox.sizes import to_size
from providers.proxmox.tags import refuse_tag, to_words
from providers.proxmox.tasks import complete
from skyclust.errors import InvalidRequest
from skyclust.model.instance import InstanceSpec

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

DEFAULT_BRIDGE: Final = "vmbr0"
"""The bridge that the installer of Proxmox VE makes."""

CONTAINER_GIB: Final = 8
"""What the web interface offers for the disk of a container."""

_CLOUDINIT_SLOTS: Final = ("ide2", "ide0", "ide1", "ide3", "sata5")


def from_file(spec: InstanceSpec, source: Source, storage: str) -> dict[str, object]:
    """Return the configuration of a machine or container that is made from a file."""
    bridge = spec.network or DEFAULT_BRIDGE
    if source.kind == "lxc":
        size = spec.boot_disk.size_gib if spec.boot_disk else CONTAINER_GIB
        asked: dict[str, object] = {
            "ostemplate": source.volume,
            "rootfs": f"{storage}:{size}",
            "unprivileged": 1,
            "net0": f"name=eth0,bridge={bridge},ip=dhcp",
        }
        keys = {"ssh-public-keys": "\n".join(spec.ssh_keys)} if spec.ssh_keys else {}
        return {**asked, **keys}
    return {
        "scsi0": f"{storage}:0,import-from={source.volume}",
        "boot": "order=scsi0",
        "scsihw": "virtio-scsi-single",
        "ostype": "l26",
        "agent": "1",
        "serial0": "socket",
        "ide2": f"{storage}:cloudinit",
        "net0": f"virtio,bridge={bridge}",
    }


def make_ready(
    connections: ProxmoxConnections, machine: Machine, spec: InstanceSpec, doing: str
) -> Machine:
    """Set a machine up, start it, take away that it is being made, and return it as it is.

    Raises Conflict when somebody changed it meanwhile: read it again and go on.
    """
    path = machine.place.path
    if not machine.runs:
        changes = to_changes(machine, spec, doing)
        method = connections.post if machine.place.kind == "qemu" else connections.put
        upid = method(f"{path}/config", doing, **changes, **machine.precondition)
        complete(connections, upid, doing)
        _grow_boot_disk(connections, machine, spec, doing)
        complete(connections, connections.post(f"{path}/status/start", doing), doing)
    machine = read_machine(connections, machine.place, doing)
    mark = machine.mark.model_copy(update={"making": False})
    description = with_mark(machine.description, mark)
    changes = {"description": description, **machine.precondition}
    connections.put(f"{path}/config", doing, **changes)
    return replace(machine, mark=mark)


def to_changes(machine: Machine, spec: InstanceSpec, doing: str) -> dict[str, object]:
    """Return the configuration that a machine gets; what it has already is left out."""
    size = to_size(spec.type)
    config = machine.config
    changes: dict[str, object] = {"cores": size.cores, "memory": size.memory_mib}
    mark = machine.mark.model_copy(update={"tags": spec.tags})
    changes["description"] = with_mark(machine.description, mark)
    if words := to_words(to_text(config.get("tags")) or "", machine.mark.tags, spec.tags):
        changes["tags"] = words
    changes |= _data_disks(machine, spec)
    if machine.place.kind == "qemu":
        changes["sockets"] = 1
        return changes | _network_card(machine, spec) | _cloudinit(machine, spec)
    if spec.user is not None:
        raise InvalidRequest(
            f"Could not {doing}: a container has no login user but root.", provider="proxmox"
        )
    if spec.ssh_keys and machine.mark.image is not None and machine.mark.image.isdigit():
        raise InvalidRequest(
            f"Could not {doing}: a container that is cloned takes no SSH keys.",
            hint="Put the keys into the template, or make it from a vztmpl file.",
            provider="proxmox",
        )
    return changes | _container_card(machine, spec)


def _network_card(machine: Machine, spec: InstanceSpec) -> dict[str, object]:
    """Return the first network card on the bridge that is asked for; its address stays."""
    if spec.network is None:
        return {}
    card = (to_text(machine.config.get("net0")) or "virtio").split(",")
    kept = [part for part in card if not part.startswith("bridge=")]
    return {"net0": ",".join([kept[0], f"bridge={spec.network}", *kept[1:]])}


def _container_card(machine: Machine, spec: InstanceSpec) -> dict[str, object]:
    if spec.network is None and spec.private_address is None:
        return {}
    card = (to_text(machine.config.get("net0")) or "name=eth0,ip=dhcp").split(",")
    addresses = _addresses(spec.private_address) if spec.private_address else {}
    replaced = {**addresses, **({"bridge": spec.network} if spec.network else {})}
    kept = [part for part in card if part.partition("=")[0] not in replaced]
    return {"net0": ",".join([*kept, *(f"{key}={value}" for key, value in replaced.items())])}


def _cloudinit(machine: Machine, spec: InstanceSpec) -> dict[str, object]:
    config = machine.config
    changes: dict[str, object] = {}
    if spec.user:
        changes["ciuser"] = spec.user
    if spec.ssh_keys:
        # The API wants the keys encoded once more than a form does.
        changes["sshkeys"] = quote("\n".join(spec.ssh_keys), safe="")
    if spec.private_address:
        addresses = _addresses(spec.private_address)
        changes["ipconfig0"] = ",".join(f"{key}={value}" for key, value in addresses.items())
    if has_cloudinit(config):
        if "ipconfig0" not in config:
            changes.setdefault("ipconfig0", "ip=dhcp")
    elif changes:
        slot = next(slot for slot in _CLOUDINIT_SLOTS if slot not in config)
        changes[slot] = f"{_storage_of(machine)}:cloudinit"
    return changes


def _addresses(text: str) -> dict[str, str]:
    """Return `10.0.0.5/24,10.0.0.1` as the options of a network card."""
    address, _, gateway = text.partition(",")
    suffix = "6" if ":" in address else ""
    options = {f"ip{suffix}": address}
    return {**options, f"gw{suffix}": gateway} if gateway else options


def _data_disks(machine: Machine, spec: InstanceSpec) -> dict[str, object]:
    """Return the data disks that are not there yet, each in the slot chosen for it."""
    changes: dict[str, object] = {}
    for number, (slot, disk) in enumerate(zip(machine.mark.slots, spec.disks, strict=False), 1):
        if slot in machine.config:
            continue
        value = f"{disk.type or _storage_of(machine)}:{disk.size_gib}"
        changes[slot] = value if machine.place.kind == "qemu" else f"{value},mp=/mnt/disk{number}"
    return changes


def _storage_of(machine: Machine) -> str:
    """Return the storage of a machine's boot disk."""
    slot = boot_slot(machine.config)
    volumes = {drive.slot: drive.volume for drive in drives(machine.config)}
    return volumes.get(slot or "", "").partition(":")[0]


def _grow_boot_disk(
    connections: ProxmoxConnections, machine: Machine, spec: InstanceSpec, doing: str
) -> None:
    if spec.boot_disk is None:
        return
    slot = boot_slot(machine.config)
    size = next((one.size for one in drives(machine.config) if one.slot == slot), None)
    wanted = spec.boot_disk.size_gib * GIB
    if size is not None and wanted < size:
        raise InvalidRequest(
            f"Could not {doing}: the image's disk has {size / GIB:.1f} GiB, and a boot disk of"
            f" {spec.boot_disk.size_gib} GiB is asked for.",
            hint="Disks grow and never shrink.",
            provider="proxmox",
        )
    if size is None or wanted > size:
        asked = {"disk": slot, "size": f"{spec.boot_disk.size_gib}G"}
        upid = connections.put(f"{machine.place.path}/resize", doing, **asked)
        complete(connections, upid, doing)


def refuse_impossible(spec: InstanceSpec, doing: str) -> None:
    """Raise InvalidRequest for what Proxmox VE cannot do, or would do otherwise than asked."""
    to_size(spec.type)
    problem = None
    if spec.public_address:
        problem = "Proxmox VE has no public addresses: give the machine one of the network's."
    elif spec.user_data is not None:
        problem = "the API of Proxmox VE takes no user data: put it into the template."
    elif len(spec.disks) > len(DATA_SLOTS):
        problem = f"at most {len(DATA_SLOTS)} data disks can be created with a machine."
    elif any(" " not in key.strip() for key in spec.ssh_keys):
        problem = "SSH keys are given as text (ssh-ed25519 AAAA...): Proxmox VE keeps none by name."
    elif spec.private_address is not None and not _is_with_prefix(spec.private_address):
        problem = "an address has its prefix length, and a gateway: 10.0.0.5/24,10.0.0.1."
    if problem is not None:
        raise InvalidRequest(f"Could not {doing}: {problem}", provider="proxmox")
    for key in spec.tags:
        refuse_tag(key, spec.tags[key], doing)


def _is_with_prefix(text: str) -> bool:
    address, _, gateway = text.partition(",")
    try:
        ipaddress.ip_interface(address)
        if gateway:
            ipaddress.ip_address(gateway)
    except ValueError:
        return False
    return "/" in address
