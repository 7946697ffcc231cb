"""Deleting volumes that no guest has and whose own guest does not exist any more.

Proxmox VE deletes a volume without asking whether a guest has it in a drive. So the drives of all
guests are read before, and the credential has to see all guests. Between that read and the
deletion a moment remains in which somebody could attach the volume.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from providers.proxmox.disks import find_volume, read_disk
from providers.proxmox.fields import required_text
from providers.proxmox.permissions import get_privileges
from providers.proxmox.regions import check_region
from providers.proxmox.volumes import delete_volume
from skyclust.contract import DeletionProvider
from skyclust.errors import PermissionDenied
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.resource_reference import ResourceReference
from skyclust.providerkit.deletable import require_deletable, require_deletable_kind

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

ALL_GUESTS: Final = "/vms"
"""The path whose privileges apply to every guest."""


class ProxmoxDeletion(DeletionProvider):
    """Deletes volumes; snapshots are deleted through their guest."""

    deletable: ClassVar[frozenset[ResourceKind]] = frozenset({ResourceKind.DISK})
    _clients: ProxmoxClients

    def get_resource(self, region: str, kind: ResourceKind, resource_id: str) -> Resource:
        """Return a volume as the inventory lists it; raises NotFound when it does not exist."""
        require_deletable_kind(kind, self.deletable, provider="proxmox")
        check_region(self._clients, region)
        doing = f"read disk {resource_id} in {region}"
        return read_disk(self._clients, region, resource_id, doing)

    def delete_resource(self, resource: ResourceReference) -> None:
        """Delete a volume, and wait for the task up to a minute.

        Raises PermissionDenied when a guest that the credential may not see could have it.
        """
        seen = self.get_resource(resource.region, resource.kind, resource.id)
        require_deletable(resource, seen)
        doing = f"delete disk {resource.id} in {resource.region}"
        if "VM.Audit" not in get_privileges(self._clients, doing, ALL_GUESTS):
            raise PermissionDenied(
                f"Could not {doing}: {self._clients.credential.principal} does not see all guests,"
                " and one that it does not see may have the disk.",
                hint=f"It needs VM.Audit on {ALL_GUESTS}.",
                provider="proxmox",
            )
        storage, volume = find_volume(self._clients, resource.id, doing)
        delete_volume(self._clients, storage, required_text(volume, "volid"), doing)
