"""Configuring and starting a newly created guest; each step may be repeated."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from providers.proxmox.drives import DATA_SLOTS, GIB, boot_slot, drives, has_cloudinit
from providers.proxmox.fields import to_text
from providers.proxmox.guest_records import Guest
from providers.proxmox.guests import read_guest
from providers.proxmox.lookups import Source
from providers.proxmox.notes import with_metadata
from providers.proxmox.sizes import to_size
from providers.proxmox.tags import check_tag, to_pve_tags
from providers.proxmox.tasks import complete_task
from skyclust.errors import InvalidRequest
from skyclust.model.instance import InstanceSpec

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

DEFAULT_BRIDGE: Final = "vmbr0"
"""The bridge that the installer of Proxmox VE creates."""

CONTAINER_GIB: Final = 8
"""The default of the web interface for the disk of a container."""

_CLOUDINIT_SLOTS: Final = ("ide2", "ide0", "ide1", "ide3", "sata5")


def from_file(spec: InstanceSpec, source: Source, storage: str) -> dict[str, object]:
    """Return the configuration of a VM or container that is created from a file."""
    bridge = spec.network or DEFAULT_BRIDGE
    if source.kind == "lxc":
        size = spec.boot_disk.size_gib if spec.boot_disk else CONTAINER_GIB
        parameters: dict[str, object] = {
            "ostemplate": source.volume,
            "rootfs": f"{storage}:{size}",
            "unprivileged": 1,
            "net0": f"name=eth0,bridge={bridge},ip=dhcp",
        }
        keys = {"ssh-public-keys": "\n".join(spec.ssh_keys)} if spec.ssh_keys else {}
        return {**parameters, **keys}
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


def make_ready(clients: ProxmoxClients, guest: Guest, spec: InstanceSpec, doing: str) -> Guest:
    """Configure and start a guest, mark its creation as complete, and return it.

    Raises Conflict when its configuration was changed meanwhile: read the guest again and repeat.
    """
    path = guest.location.path
    if not guest.runs:
        changes = to_changes(guest, spec, doing)
        method = clients.post if guest.location.kind == "qemu" else clients.put
        upid = method(f"{path}/config", doing, **changes, **guest.precondition)
        complete_task(clients, upid, doing)
        _grow_boot_disk(clients, guest, spec, doing)
        complete_task(clients, clients.post(f"{path}/status/start", doing), doing)
    guest = read_guest(clients, guest.location, doing)
    metadata = guest.metadata.model_copy(update={"incomplete": False})
    description = with_metadata(guest.description, metadata)
    changes = {"description": description, **guest.precondition}
    clients.put(f"{path}/config", doing, **changes)
    return replace(guest, metadata=metadata)


def to_changes(guest: Guest, spec: InstanceSpec, doing: str) -> dict[str, object]:
    """Return the changes of a guest's configuration that the spec requires."""
    size = to_size(spec.type)
    config = guest.config
    changes: dict[str, object] = {"cores": size.cores, "memory": size.memory_mib}
    metadata = guest.metadata.model_copy(update={"tags": spec.tags})
    changes["description"] = with_metadata(guest.description, metadata)
    if tags := to_pve_tags(to_text(config.get("tags")) or "", guest.metadata.tags, spec.tags):
        changes["tags"] = tags
    changes |= _data_disks(guest, spec)
    if guest.location.kind == "qemu":
        changes["sockets"] = 1
        return changes | _network_card(guest, spec) | _cloudinit(guest, spec)
    if spec.user is not None:
        raise InvalidRequest(
            f"Could not {doing}: a container has no login user but root.", provider="proxmox"
        )
    if spec.ssh_keys and guest.metadata.image is not None and guest.metadata.image.isdigit():
        raise InvalidRequest(
            f"Could not {doing}: a container that is cloned takes no SSH keys.",
            hint="Put the keys into the template, or create it from a vztmpl file.",
            provider="proxmox",
        )
    return changes | _container_card(guest, spec)


def _network_card(guest: Guest, spec: InstanceSpec) -> dict[str, object]:
    """Return the first network card on the requested bridge; its MAC address stays."""
    if spec.network is None:
        return {}
    card = (to_text(guest.config.get("net0")) or "virtio").split(",")
    kept = [part for part in card if not part.startswith("bridge=")]
    return {"net0": ",".join([kept[0], f"bridge={spec.network}", *kept[1:]])}


def _container_card(guest: Guest, spec: InstanceSpec) -> dict[str, object]:
    if spec.network is None and spec.private_address is None:
        return {}
    card = (to_text(guest.config.get("net0")) or "name=eth0,ip=dhcp").split(",")
    addresses = _addresses(spec.private_address) if spec.private_address else {}
    replaced = {**addresses, **({"bridge": spec.network} if spec.network else {})}
    kept = [part for part in card if part.partition("=")[0] not in replaced]
    return {"net0": ",".join([*kept, *(f"{key}={value}" for key, value in replaced.items())])}


def _cloudinit(guest: Guest, spec: InstanceSpec) -> dict[str, object]:
    config = guest.config
    changes: dict[str, object] = {}
    if spec.user:
        changes["ciuser"] = spec.user
    if spec.ssh_keys:
        # The API requires the keys to be URL-encoded in addition to the encoding of the form.
        changes["sshkeys"] = quote("\n".join(spec.ssh_keys), safe="")
    if spec.private_address:
        addresses = _addresses(spec.private_address)
        changes["ipconfig0"] = ",".join(f"{key}={value}" for key, value in addresses.items())
    if has_cloudinit(config):
        if "ipconfig0" not in config:
            changes.setdefault("ipconfig0", "ip=dhcp")
    elif changes:
        slot = next(slot for slot in _CLOUDINIT_SLOTS if slot not in config)
        changes[slot] = f"{_boot_storage(guest)}:cloudinit"
    return changes


def _addresses(text: str) -> dict[str, str]:
    """Return `10.0.0.5/24,10.0.0.1` as the options of a network card."""
    address, _, gateway = text.partition(",")
    suffix = "6" if ":" in address else ""
    options = {f"ip{suffix}": address}
    return {**options, f"gw{suffix}": gateway} if gateway else options


def _data_disks(guest: Guest, spec: InstanceSpec) -> dict[str, object]:
    """Return the data disks that do not exist yet, each in the slot chosen for it."""
    changes: dict[str, object] = {}
    for number, (slot, disk) in enumerate(zip(guest.metadata.slots, spec.disks, strict=False), 1):
        if slot in guest.config:
            continue
        value = f"{disk.type or _boot_storage(guest)}:{disk.size_gib}"
        changes[slot] = value if guest.location.kind == "qemu" else f"{value},mp=/mnt/disk{number}"
    return changes


def _boot_storage(guest: Guest) -> str:
    """Return the storage of a guest's boot disk."""
    slot = boot_slot(guest.config)
    volumes = {drive.slot: drive.volume for drive in drives(guest.config)}
    return volumes.get(slot or "", "").partition(":")[0]


def _grow_boot_disk(clients: ProxmoxClients, guest: Guest, spec: InstanceSpec, doing: str) -> None:
    if spec.boot_disk is None:
        return
    slot = boot_slot(guest.config)
    size = next((drive.size for drive in drives(guest.config) if drive.slot == slot), None)
    requested = spec.boot_disk.size_gib * GIB
    if size is not None and requested < size:
        raise InvalidRequest(
            f"Could not {doing}: a boot disk of {spec.boot_disk.size_gib} GiB is smaller than the"
            f" image's disk of {size / GIB:.1f} GiB.",
            hint="Proxmox VE enlarges disks and never shrinks them.",
            provider="proxmox",
        )
    if size is None or requested > size:
        parameters = {"disk": slot, "size": f"{spec.boot_disk.size_gib}G"}
        upid = clients.put(f"{guest.location.path}/resize", doing, **parameters)
        complete_task(clients, upid, doing)


def check_spec(spec: InstanceSpec, doing: str) -> None:
    """Raise InvalidRequest for a spec that Proxmox VE cannot fulfil, or only in another way."""
    to_size(spec.type)
    problem = None
    if spec.public_address:
        problem = "Proxmox VE has no public addresses: give the guest an address of its network."
    elif spec.user_data is not None:
        problem = "the API of Proxmox VE takes no user data: put it into the template."
    elif len(spec.disks) > len(DATA_SLOTS):
        problem = f"at most {len(DATA_SLOTS)} data disks can be created with a guest."
    elif any(" " not in key.strip() for key in spec.ssh_keys):
        problem = "SSH keys are given as text (ssh-ed25519 AAAA...): Proxmox VE keeps none by name."
    elif spec.private_address is not None and not _is_with_prefix(spec.private_address):
        problem = "an address has its prefix length, and a gateway: 10.0.0.5/24,10.0.0.1."
    if problem is not None:
        raise InvalidRequest(f"Could not {doing}: {problem}", provider="proxmox")
    for key in spec.tags:
        check_tag(key, spec.tags[key], doing)


def _is_with_prefix(text: str) -> bool:
    address, _, gateway = text.partition(",")
    try:
        ipaddress.ip_interface(address)
        if gateway:
            ipaddress.ip_address(gateway)
    except ValueError:
        return False
    return "/" in address
