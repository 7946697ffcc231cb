"""Deleting disks, static addresses and snapshots that nothing uses.

Each is deleted by its numeric id, so that a later resource of the same name is not affected.
Sources: https://cloud.google.com/compute/docs/reference/rest/v1/disks/delete,
https://cloud.google.com/compute/docs/reference/rest/v1/addresses/delete and
https://cloud.google.com/compute/docs/reference/rest/v1/snapshots/delete
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from providers.gcp.addresses import fetch_address, to_address
from providers.gcp.disks import fetch_disk, to_disk
from providers.gcp.links import GLOBAL
from providers.gcp.operations import new_request_id, submit
from providers.gcp.resource_users import user_ids_of
from providers.gcp.snapshots import fetch_snapshot, to_snapshot
from skyclust.contract import DeletionProvider
from skyclust.errors import NotFound, UnexpectedAnswer
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.resource_reference import ResourceReference
from skyclust.providerkit.deletable import (
    BEING_DELETED,
    require_deletable,
    require_deletable_kind,
)

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients


class GcpDeletion(DeletionProvider):
    """Deletes zonal and regional disks, regional and global addresses, and snapshots."""

    deletable: ClassVar[frozenset[ResourceKind]] = frozenset(
        {ResourceKind.DISK, ResourceKind.ADDRESS, ResourceKind.SNAPSHOT}
    )
    _clients: GcpClients

    def get_resource(self, region: str, kind: ResourceKind, resource_id: str) -> Resource:
        """Return a resource as the inventory lists it; raises NotFound when it does not exist."""
        require_deletable_kind(kind, self.deletable, provider="gcp")
        clients = self._clients
        if kind is ResourceKind.DISK:
            disk = fetch_disk(clients, region, resource_id)
            return to_disk(region, disk, user_ids_of(clients, disk))
        if kind is ResourceKind.ADDRESS:
            address = fetch_address(clients, region, resource_id)
            return to_address(region, address, user_ids_of(clients, address))
        return to_snapshot(region, fetch_snapshot(clients, region, resource_id))

    def delete_resource(self, resource: ResourceReference) -> None:
        """Request the deletion and return; does nothing for one that is being deleted."""
        seen = self.get_resource(resource.region, resource.kind, resource.id)
        require_deletable(resource, seen)
        if seen.state in BEING_DELETED:
            return
        doing = f"delete {resource.kind} {resource.id} in {resource.region}"
        number = seen.attributes.get("unique_id")
        if not isinstance(number, str):
            raise UnexpectedAnswer(f"Could not {doing}: it has no 'id'.", provider="gcp")
        method, parameters = _method(self._clients, seen)
        request = {
            "project": self._clients.project,
            resource.kind.value: number,
            "request_id": new_request_id(),
            **parameters,
        }
        with suppress(NotFound):  # since it was read, a moment ago
            submit(method, request, doing)


def _method(clients: GcpClients, seen: Resource) -> tuple[Callable[..., Any], dict[str, str]]:
    """Return the method that deletes a resource, and the parameter of where it is."""
    if seen.kind is ResourceKind.SNAPSHOT:
        return clients.snapshots().delete_unary, {}
    if seen.kind is ResourceKind.ADDRESS:
        if seen.region == GLOBAL:
            return clients.global_addresses().delete_unary, {}
        return clients.addresses().delete_unary, {"region": seen.region}
    if seen.zone is None:
        return clients.region_disks().delete_unary, {"region": seen.region}
    return clients.disks().delete_unary, {"zone": seen.zone}
