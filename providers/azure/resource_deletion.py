"""Deleting managed disks, public addresses and snapshots that nothing uses.

Sources: https://learn.microsoft.com/en-us/rest/api/compute/disks/delete,
https://learn.microsoft.com/en-us/rest/api/virtualnetwork/public-ip-addresses/delete and
https://learn.microsoft.com/en-us/rest/api/compute/snapshots/delete
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from providers.azure import addresses, api_versions, disks, snapshots, write_requests
from providers.azure.errors import azure_errors
from providers.azure.ids import ResourceId, to_id
from providers.azure.resources import location_of
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
    from providers.azure.client import AzureClients, Document


@dataclass(frozen=True)
class _Deletable:
    """A kind of resource: its namespace and type, and how it is read and deleted."""

    kind: str
    api_version: str
    to_resource: Callable[[Document], Resource]
    delete: Callable[[AzureClients, str, str], None]


_KINDS: Final[Mapping[ResourceKind, _Deletable]] = {
    ResourceKind.DISK: _Deletable(
        disks.KIND, api_versions.DISKS, disks.to_disk, write_requests.delete_disk
    ),
    ResourceKind.ADDRESS: _Deletable(
        "microsoft.network/publicipaddresses",
        api_versions.NETWORK,
        addresses.to_address,
        write_requests.delete_address,
    ),
    ResourceKind.SNAPSHOT: _Deletable(
        "microsoft.compute/snapshots",
        api_versions.DISKS,
        snapshots.to_snapshot,
        write_requests.delete_snapshot,
    ),
}


class AzureDeletion(DeletionProvider):
    """Deletes managed disks, public addresses and snapshots."""

    deletable: ClassVar[frozenset[ResourceKind]] = frozenset(_KINDS)
    _clients: AzureClients

    def get_resource(self, region: str, kind: ResourceKind, resource_id: str) -> Resource:
        """Return a resource as the inventory lists it; raises NotFound if the region has none."""
        require_deletable_kind(kind, self.deletable, provider="azure")
        parsed = _parse(self._clients, region, kind, resource_id)
        doing = f"read {kind} {resource_id} in {region}"
        with azure_errors(doing):
            document = self._clients.get(str(parsed), _KINDS[kind].api_version)
        if location_of(document) != region:
            raise NotFound(
                f"Could not {doing}: it is in {location_of(document)}.", provider="azure"
            )
        return _KINDS[kind].to_resource(document)

    def delete_resource(self, resource: ResourceReference) -> None:
        """Request the deletion and return; does nothing for one that is being deleted.

        Azure refuses to delete what a VM or an interface has got since it was read.
        """
        seen = self.get_resource(resource.region, resource.kind, resource.id)
        require_deletable(resource, seen)
        if seen.state in BEING_DELETED:
            return
        parsed = _parse(self._clients, resource.region, resource.kind, resource.id)
        doing = f"delete {resource.kind} {resource.id} in {resource.region}"
        try:
            with suppress(NotFound), azure_errors(doing):
                _KINDS[resource.kind].delete(self._clients, parsed.group, parsed.name)
        except InvalidRequest as error:
            now = self.get_resource(resource.region, resource.kind, resource.id)
            if not use_of(now):
                raise
            raise Conflict(
                f"Could not {doing}: {use_of(now)}.", provider="azure", code=error.code
            ) from error


def _parse(clients: AzureClients, region: str, kind: ResourceKind, resource_id: str) -> ResourceId:
    """Return the parsed id; raises NotFound for one of another kind or subscription."""
    parsed = to_id(resource_id)
    if (
        parsed is None
        or parsed.kind != _KINDS[kind].kind
        or parsed.subscription != clients.subscription_id
    ):
        raise NotFound(
            f"There is no {kind} {resource_id} in {region}.",
            hint="It is named by its resource id, in the credential's subscription.",
            provider="azure",
        )
    return parsed
