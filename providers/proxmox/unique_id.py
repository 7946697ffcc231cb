"""The proof that a machine is the one that is meant: its number is given again, this is not.

What serves, and what does not:

- A machine has the UUID of its SMBIOS. Proxmox VE makes one with every machine and another one
  with every copy, keeps it in snapshots, and nobody changes it without wanting to. With it
  stands the time in `meta`, which nobody can change: whoever makes machines by program may give
  each successor the UUID of the one before.
- A container has neither. The hardware address of its first network card is made at random, and
  anew with every copy.
- The token in the notes is a proof only where there is nothing else (a container of ours without
  a network card), and only at the token's own number: a copy carries the notes along, people
  write in them, and a rollback brings old ones back.
- `vmgenid` changes at a rollback. Volumes and names are given again like numbers.

A machine without any of these is `unproven`: it is read, and nothing is changed in it.
Sources: https://pve.proxmox.com/wiki/Manual:_qm.conf, https://pve.proxmox.com/wiki/Manual:_pct.conf
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from providers.proxmox.fields import options_of
from providers.proxmox.guest_lists import to_vmid
from providers.proxmox.guest_lookup import find_machine, get_machine
from providers.proxmox.interfaces import cards
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference
from skyclust.providerkit.same_instance import require_same_instance

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections
    from providers.proxmox.guests import Machine

_UNPROVEN: Final = "unproven:"


def to_unique_id(machine: Machine) -> str:
    """Return what no later machine of the same number has; see above."""
    proof = _of_machine(machine) if machine.place.kind == "qemu" else _of_container(machine)
    if proof is None and machine.mark.token is not None:
        proof = f"token:{sha256(machine.mark.token.encode()).hexdigest()[:32]}"
    return proof or f"{_UNPROVEN}{machine.vmid}"


def is_proven(unique_id: str) -> bool:
    """Return whether a unique id tells one machine from the next with its number."""
    return not unique_id.startswith(_UNPROVEN)


def _of_machine(machine: Machine) -> str | None:
    uuid = options_of(machine.config.get("smbios1")).get("uuid", "").lower()
    made = options_of(machine.config.get("meta")).get("ctime", "")
    return ":".join(part for part in (uuid, made) if part) or None


def _of_container(machine: Machine) -> str | None:
    found = cards(machine.config)
    return options_of(found[0][1]).get("hwaddr", "").lower() or None if found else None


def require_same(instance: InstanceReference, machine: Machine, doing: str) -> None:
    """Raise NotFound unless the machine is the one that is meant.

    Raises InvalidRequest where nothing proves which one it is: then it must not be changed, and
    neither must the one that is meant be taken for gone.
    """
    unique_id = to_unique_id(machine)
    if not is_proven(instance.unique_id) or not is_proven(unique_id):
        raise InvalidRequest(
            f"Could not {doing}: nothing proves which machine has the number {instance.id}.",
            hint="Sync the inventory. If that does not help, give it a proof at its node: a"
            " container a network card (`pct set NUMBER --net0 name=eth0,bridge=vmbr0`), a"
            " machine an SMBIOS UUID (`qm set NUMBER --smbios1 uuid=$(uuidgen)`).",
            provider="proxmox",
        )
    if unique_id != instance.unique_id and machine.mark.token is not None:
        raise InvalidRequest(
            f"Could not {doing}: SkyClust made it, and its UUID or hardware address is another"
            " than before.",
            hint="Did somebody change that? Sync the inventory, and ask again.",
            provider="proxmox",
        )
    require_same_instance(instance, unique_id, provider="proxmox")


def get_same_machine(
    connections: ProxmoxConnections, instance: InstanceReference, doing: str
) -> Machine:
    """Return the machine that is meant, with all that is known of it.

    Raises NotFound when there is none, when it is a template, or when another one has its number.
    """
    machine = get_machine(connections, to_vmid(instance.id), doing)
    require_same(instance, machine, doing)
    return machine


def find_same_machine(
    connections: ProxmoxConnections, instance: InstanceReference, doing: str
) -> Machine | None:
    """Return the machine or template that is meant; None when its number is free.

    Raises NotFound when another one has its number.
    """
    try:
        vmid = to_vmid(instance.id)
    except NotFound:
        return None
    machine = find_machine(connections, vmid, doing)
    if machine is not None:
        require_same(instance, machine, doing)
    return machine
