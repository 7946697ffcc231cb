"""The unique id of a guest: its VMID can be reused for another guest, the unique id is not.

What serves as a unique id, and what does not:

- A VM has the UUID of its SMBIOS. Proxmox VE generates one for every VM and another for every
  clone, keeps it in snapshots, and it only changes when somebody sets it on purpose. The creation
  time in `meta` is added, which nobody can set: scripts that create VMs may give each successor
  the UUID of its predecessor.
- A container has neither. The MAC address of its first network card is generated at random, and
  again for every clone.
- The token in the notes is used only where there is nothing else (a container of SkyClust without
  a network card), and only at a VMID of the token: a clone copies the notes, people edit them,
  and a rollback restores old ones.
- `vmgenid` changes at a rollback. Names of volumes and guests are reused like VMIDs.

A guest without any of these is `unproven`: it can be read, and is never changed.
Sources: https://pve.proxmox.com/wiki/Manual:_qm.conf, https://pve.proxmox.com/wiki/Manual:_pct.conf
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from providers.proxmox.fields import to_options
from providers.proxmox.guest_lists import to_vmid
from providers.proxmox.guest_lookup import find_guest, get_guest
from providers.proxmox.interfaces import cards
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference
from skyclust.providerkit.same_instance import require_same_instance

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients
    from providers.proxmox.guest_records import Guest

_UNPROVEN: Final = "unproven:"


def to_unique_id(guest: Guest) -> str:
    """Return the id that no later guest with the same VMID has, as described above."""
    proof = _of_vm(guest) if guest.location.kind == "qemu" else _of_container(guest)
    if proof is None and guest.metadata.token is not None:
        proof = f"token:{sha256(guest.metadata.token.encode()).hexdigest()[:32]}"
    return proof or f"{_UNPROVEN}{guest.vmid}"


def is_proven(unique_id: str) -> bool:
    """Return whether a unique id distinguishes a guest from a later one with the same VMID."""
    return not unique_id.startswith(_UNPROVEN)


def _of_vm(guest: Guest) -> str | None:
    uuid = to_options(guest.config.get("smbios1")).get("uuid", "").lower()
    created = to_options(guest.config.get("meta")).get("ctime", "")
    return ":".join(part for part in (uuid, created) if part) or None


def _of_container(guest: Guest) -> str | None:
    network_cards = cards(guest.config)
    if not network_cards:
        return None
    return to_options(network_cards[0][1]).get("hwaddr", "").lower() or None


def require_same(instance: InstanceReference, guest: Guest, doing: str) -> None:
    """Raise NotFound unless the guest has the unique id of the instance.

    Raises InvalidRequest when either has no unique id: the guest must not be changed then, and the
    instance must not be considered deleted.
    """
    unique_id = to_unique_id(guest)
    if not is_proven(instance.unique_id) or not is_proven(unique_id):
        raise InvalidRequest(
            f"Could not {doing}: nothing proves which guest has the VMID {instance.id}.",
            hint="Sync the inventory. If that does not help, give it a proof at its node: a"
            " container a network card (`pct set VMID --net0 name=eth0,bridge=vmbr0`), a"
            " guest an SMBIOS UUID (`qm set VMID --smbios1 uuid=$(uuidgen)`).",
            provider="proxmox",
        )
    if unique_id != instance.unique_id and guest.metadata.token is not None:
        raise InvalidRequest(
            f"Could not {doing}: SkyClust created it, and its UUID or MAC address has changed.",
            hint="Did somebody change it? Sync the inventory, and repeat the request.",
            provider="proxmox",
        )
    require_same_instance(instance, unique_id, provider="proxmox")


def get_same_guest(clients: ProxmoxClients, instance: InstanceReference, doing: str) -> Guest:
    """Return the guest of an instance.

    Raises NotFound when it does not exist, is a template, or another guest has its VMID.
    """
    guest = get_guest(clients, to_vmid(instance.id), doing)
    require_same(instance, guest, doing)
    return guest


def find_same_guest(
    clients: ProxmoxClients, instance: InstanceReference, doing: str
) -> Guest | None:
    """Return the guest or template of an instance; None when its VMID is free.

    Raises NotFound when another guest has the VMID.
    """
    try:
        vmid = to_vmid(instance.id)
    except NotFound:
        return None
    guest = find_guest(clients, vmid, doing)
    if guest is not None:
        require_same(instance, guest, doing)
    return guest
