"""Attaching existing disks to VMs, and detaching disks from guests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.proxmox.disks import find_volume, get_holders, read_disk
from providers.proxmox.drives import DATA_SLOTS, boot_slot, drives, to_disk_id
from providers.proxmox.fields import required_text, to_integer
from providers.proxmox.guest_lookup import find_guest
from providers.proxmox.guest_records import Guest
from providers.proxmox.regions import check_region
from providers.proxmox.state_errors import state_error
from providers.proxmox.states import to_state
from providers.proxmox.tasks import complete_task
from providers.proxmox.unique_id import get_same_guest
from skyclust.contract import DiskProvider
from skyclust.errors import Conflict, InvalidRequest
from skyclust.model.instance import InstanceReference, InstanceState
from skyclust.model.resource import Resource

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients


class ProxmoxDisks(DiskProvider):
    """Disks of VMs and containers."""

    _clients: ProxmoxClients

    def get_disk(self, region: str, disk_id: str) -> Resource:
        """Return a disk as inventory does; raises NotFound when it does not exist."""
        check_region(self._clients, region)
        doing = f"read disk {disk_id} in {region}"
        return read_disk(self._clients, region, disk_id, doing)

    def attach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Attach a disk at the VM's first free slot; does nothing when it is attached already.

        Raises Conflict for a disk that another guest has in a drive, and InvalidRequest for a disk
        that another guest owns or that is on local storage of another node: such a disk has to be
        reassigned at the cluster itself (`qm disk reassign`).
        """
        check_region(self._clients, instance.region)
        doing = f"attach disk {disk_id} to guest {instance.id} in {instance.region}"
        guest = get_same_guest(self._clients, instance, doing)
        storage, volume = find_volume(self._clients, disk_id, doing)
        if _slot_of(guest, disk_id) is not None:
            return
        _check_idle(guest, doing)
        if guest.location.kind != "qemu":
            raise InvalidRequest(
                f"Could not {doing}: a container takes no disks, but mount points.",
                provider="proxmox",
            )
        if not storage.shared and storage.node != guest.location.node:
            raise InvalidRequest(
                f"Could not {doing}: the disk is on node {storage.node}, the guest on"
                f" {guest.location.node}.",
                provider="proxmox",
            )
        for holder, slot in get_holders(self._clients, instance.region, doing).of(disk_id):
            raise Conflict(
                f"Could not {doing}: guest {holder} has it as {slot}.",
                hint="Detach it there first.",
                provider="proxmox",
            )
        _check_owner(self._clients, guest, to_integer(volume.get("vmid")), doing)
        free = [slot for slot in DATA_SLOTS if slot not in guest.config]
        if not free:
            raise InvalidRequest(
                f"Could not {doing}: all its drives are taken.", provider="proxmox"
            )
        changes = {free[0]: required_text(volume, "volid"), **guest.precondition}
        upid = self._clients.post(f"{guest.location.path}/config", doing, **changes)
        complete_task(self._clients, upid, doing)

    def detach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Detach a disk; does nothing when it is not attached.

        A disk that the guest owns stays with the guest as unused disk, and is deleted with it.
        """
        check_region(self._clients, instance.region)
        doing = f"detach disk {disk_id} from guest {instance.id} in {instance.region}"
        guest = get_same_guest(self._clients, instance, doing)
        slot = _slot_of(guest, disk_id)
        if slot is None:
            return
        if slot == boot_slot(guest.config):
            raise InvalidRequest(f"Could not {doing}: it boots from {slot}.", provider="proxmox")
        _check_idle(guest, doing)
        changes = {"delete": slot, **guest.precondition}
        method = self._clients.post if guest.location.kind == "qemu" else self._clients.put
        upid = method(f"{guest.location.path}/config", doing, **changes)
        complete_task(self._clients, upid, doing)


def _slot_of(guest: Guest, disk: str) -> str | None:
    """Return the slot of a disk at a guest; None when the guest does not have the disk."""
    for drive in drives(guest.config):
        if to_disk_id(drive.volume, guest.location.node, guest.shared) == disk:
            return drive.slot
    return None


def _check_idle(guest: Guest, doing: str) -> None:
    state, native_state = to_state(guest)
    if state not in {InstanceState.RUNNING, InstanceState.STOPPED}:
        raise state_error(guest, doing, native_state)


def _check_owner(clients: ProxmoxClients, guest: Guest, owner: int | None, doing: str) -> None:
    """Raise InvalidRequest when another guest owns the disk, and deleting it would delete both."""
    if owner is None or owner == guest.vmid:
        return
    if find_guest(clients, owner, doing) is not None:
        raise InvalidRequest(
            f"Could not {doing}: it belongs to guest {owner}, and would be deleted with it.",
            hint=f"Reassign it at its node: `qm disk reassign {owner} unused0 --target-vmid"
            f" {guest.vmid}`.",
            provider="proxmox",
        )
