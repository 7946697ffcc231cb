"""Volumes that a deleted guest of SkyClust left on its storages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from providers.proxmox.disks import CONTENT, get_holders
from providers.proxmox.drives import to_disk_id
from providers.proxmox.fields import required_text, to_integer
from providers.proxmox.guest_lists import is_taken, to_vmid
from providers.proxmox.guest_lookup import find_guest
from providers.proxmox.storages import Storage, get_storages
from providers.proxmox.vmids import FIRST_VMID
from providers.proxmox.volumes import delete_volume
from skyclust.errors import NotFound
from skyclust.model.instance import InstanceReference

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients


def remove_leftovers(clients: ProxmoxClients, instance: InstanceReference) -> None:
    """Delete the volumes that a deleted guest of SkyClust left.

    Deleting a guest deletes its volumes on the storages that are available; those on an
    unavailable storage are left. Only volumes of VMIDs that are derived from tokens are deleted:
    a volume of another VMID may have been prepared for a future guest. Nothing is deleted while a
    guest has the VMID, or has the volume in a drive. Raises PermissionDenied, naming the volume,
    when the credential lacks the privilege.
    """
    doing = f"remove the leftovers of guest {instance.id} in {instance.region}"
    try:
        vmid = to_vmid(instance.id)
    except NotFound:
        return
    if vmid < FIRST_VMID or find_guest(clients, vmid, doing) is not None:
        return
    volumes = list(_volumes_of(clients, vmid, doing))
    if not volumes:
        return
    holders = get_holders(clients, instance.region, doing)
    for storage, volid in volumes:
        shared = frozenset({storage.name} if storage.shared else ())
        if holders.of(to_disk_id(volid, storage.node, shared)):
            continue
        if is_taken(clients, vmid, doing):  # by a new guest, which may own the volume
            return
        delete_volume(clients, storage, volid, doing)


def _volumes_of(clients: ProxmoxClients, vmid: int, doing: str) -> Iterator[tuple[Storage, str]]:
    for storage in get_storages(clients, set(CONTENT), doing, reachable_only=True):
        for volume in clients.get_list(storage.path, doing, vmid=vmid):
            if not isinstance(volume, Mapping) or to_integer(volume.get("vmid")) != vmid:
                continue
            if volume.get("content") in CONTENT:
                yield storage, required_text(volume, "volid")
