"""Deleting volumes, floating IPs and volume snapshots that nothing uses.

Sources: https://docs.openstack.org/api-ref/block-storage/v3/#delete-a-volume,
https://docs.openstack.org/api-ref/network/v2/#delete-floating-ip and
https://docs.openstack.org/api-ref/block-storage/v3/#delete-a-snapshot
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Final

from providers.openstack.addresses import get_address, to_address
from providers.openstack.disks import get_volume, to_disk
from providers.openstack.errors import openstack_errors
from providers.openstack.snapshots import get_snapshot, to_snapshot
from skyclust.contract import DeletionProvider
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.resource_reference import ResourceReference
from skyclust.providerkit.deletable import (
    BEING_DELETED,
    require_deletable,
    require_deletable_kind,
    use_of,
)

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

_PATHS: Final = {
    ResourceKind.DISK: ("block-storage", "/volumes"),
    ResourceKind.ADDRESS: ("network", "/floatingips"),
    ResourceKind.SNAPSHOT: ("block-storage", "/snapshots"),
}
"""The service and the path of each kind that is deleted."""


class OpenStackDeletion(DeletionProvider):
    """Deletes volumes and snapshots of Cinder, and floating IPs of Neutron."""

    deletable: ClassVar[frozenset[ResourceKind]] = frozenset(_PATHS)
    _clients: OpenStackClients

    @openstack_errors("read a resource")
    def get_resource(self, region: str, kind: ResourceKind, resource_id: str) -> Resource:
        """Return a resource as the inventory lists it; raises NotFound when it does not exist."""
        require_deletable_kind(kind, self.deletable, provider="openstack")
        if kind is ResourceKind.DISK:
            return to_disk(region, get_volume(self._clients, region, resource_id))
        if kind is ResourceKind.ADDRESS:
            return to_address(region, get_address(self._clients, region, resource_id))
        return to_snapshot(region, get_snapshot(self._clients, region, resource_id))

    @openstack_errors("delete a resource")
    def delete_resource(self, resource: ResourceReference) -> None:
        """Request the deletion and return; does nothing for one that is being deleted.

        Cinder refuses to delete a volume that a server has got since it was read, and one that
        has snapshots. Neutron releases a floating IP also from a port: between the read and the
        request some milliseconds remain in which somebody could associate it.
        """
        seen = self.get_resource(resource.region, resource.kind, resource.id)
        require_deletable(resource, seen)
        if seen.state in BEING_DELETED:
            return
        service, path = _PATHS[resource.kind]
        doing = f"delete {resource.kind} {resource.id} in {resource.region}"
        try:
            with suppress(NotFound):
                self._clients.call(
                    resource.region, service, "DELETE", f"{path}/{resource.id}", doing=doing
                )
        except InvalidRequest as error:
            now = self.get_resource(resource.region, resource.kind, resource.id)
            if not use_of(now):
                raise
            raise Conflict(
                f"Could not {doing}: {use_of(now)}.", provider="openstack", code=error.code
            ) from error
