"""Attaching disks that exist to machines, and detaching them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.proxmox.compute import refusal
from providers.proxmox.disks import find_volume, get_holders
from providers.proxmox.drives import DATA_SLOTS, boot_slot, disk_id, drives
from providers.proxmox.fields import required_text, to_integer
from providers.proxmox.guest_lookup import find_machine
from providers.proxmox.guests import Machine
from providers.proxmox.states import to_state
from providers.proxmox.tasks import complete
from providers.proxmox.unique_id import get_same_machine
from skyclust.errors import Conflict, InvalidRequest
from skyclust.model.instance import InstanceReference, InstanceState

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections


def attach_disk(connections: ProxmoxConnections, instance: InstanceReference, disk: str) -> None:
    """Put a disk into the machine's first free drive; one that is there already stays.

    Raises InvalidRequest for a disk that another machine has or owns, or that is on another
    node's own storage: such a disk is given over at the cluster itself (`qm disk reassign`).
    """
    doing = f"attach disk {disk} to machine {instance.id} in {instance.region}"
    machine = get_same_machine(connections, instance, doing)
    storage, volume = find_volume(connections, disk, doing)
    if _slot_of(machine, disk) is not None:
        return
    _refuse_busy(machine, doing)
    if machine.place.kind != "qemu":
        raise InvalidRequest(
            f"Could not {doing}: a container takes no disks, but mount points.",
            provider="proxmox",
        )
    if not storage.shared and storage.node != machine.place.node:
        raise InvalidRequest(
            f"Could not {doing}: the disk is on node {storage.node}, the machine on"
            f" {machine.place.node}.",
            provider="proxmox",
        )
    owner = to_integer(volume.get("vmid"))
    for holder, slot in get_holders(connections, instance.region, doing).of(disk):
        raise Conflict(
            f"Could not {doing}: machine {holder} has it as {slot}.",
            hint="Detach it there first.",
            provider="proxmox",
        )
    _refuse_owner(connections, machine, owner, doing)
    free = [slot for slot in DATA_SLOTS if slot not in machine.config]
    if not free:
        raise InvalidRequest(f"Could not {doing}: all its drives are taken.", provider="proxmox")
    changes = {free[0]: required_text(volume, "volid"), **machine.precondition}
    complete(connections, connections.post(f"{machine.place.path}/config", doing, **changes), doing)


def detach_disk(connections: ProxmoxConnections, instance: InstanceReference, disk: str) -> None:
    """Take a disk out of the machine's drive; the disk stays.

    A disk that the machine owns stays with it as unused, and goes with it when it is deleted.
    """
    doing = f"detach disk {disk} from machine {instance.id} in {instance.region}"
    machine = get_same_machine(connections, instance, doing)
    slot = _slot_of(machine, disk)
    if slot is None:
        return
    if slot == boot_slot(machine.config):
        raise InvalidRequest(f"Could not {doing}: it boots from {slot}.", provider="proxmox")
    _refuse_busy(machine, doing)
    changes = {"delete": slot, **machine.precondition}
    method = connections.post if machine.place.kind == "qemu" else connections.put
    complete(connections, method(f"{machine.place.path}/config", doing, **changes), doing)


def _slot_of(machine: Machine, disk: str) -> str | None:
    for drive in drives(machine.config):
        if disk_id(drive.volume, machine.place.node, machine.shared) == disk:
            return drive.slot
    return None


def _refuse_busy(machine: Machine, doing: str) -> None:
    state, native_state = to_state(machine)
    if state not in {InstanceState.RUNNING, InstanceState.STOPPED}:
        raise refusal(machine, doing, native_state)


def _refuse_owner(
    connections: ProxmoxConnections, machine: Machine, owner: int | None, doing: str
) -> None:
    if owner is None or owner == machine.vmid:
        return
    if find_machine(connections, owner, doing) is not None:
        raise InvalidRequest(
            f"Could not {doing}: it belongs to machine {owner}, and would go with it.",
            hint=f"Give it over at its node: `qm disk reassign {owner} unused0 --target-vmid"
            f" {machine.vmid}`.",
            provider="proxmox",
        )
