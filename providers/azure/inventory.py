"""Inventory: the lists of each kind of resource, and their conversion.

Azure lists by subscription. The list of a region is the list of the subscription without the
resources of other regions; `list_account` reads it once for all regions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Final

from providers.azure import (
    addresses,
    api_versions,
    disks,
    firewalls,
    galleries,
    images,
    instance_list,
    load_balancers,
    networks,
    snapshots,
)
from providers.azure.errors import azure_errors
from providers.azure.paging import Page
from providers.azure.regions import check_region
from providers.azure.resources import location_of
from skyclust.contract import AccountInventoryProvider, AccountPage
from skyclust.errors import Unsupported
from skyclust.model.resource import Resource, ResourceKind
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

Reader = Callable[["AzureClients"], Iterator[Page]]
"""Yields the pages of all resources of a kind in the subscription."""


def _list(path: str, version: str, to_resource: Callable[[Document], Resource]) -> Reader:
    def get(clients: AzureClients) -> Iterator[Page]:
        for items in clients.pages(f"{clients.subscription}/providers/{path}", version):
            yield Page(items, to_resource)

    return get


_COMPUTE: Final = "Microsoft.Compute"
_NETWORK: Final = "Microsoft.Network"
_get_managed_images: Final = _list(f"{_COMPUTE}/images", api_versions.COMPUTE, images.to_image)


def _get_images(clients: AzureClients) -> Iterator[Page]:
    return chain(_get_managed_images(clients), galleries.get_versions(clients))


READERS: Final[Mapping[ResourceKind, Reader]] = {
    ResourceKind.INSTANCE: instance_list.get_instances,
    ResourceKind.DISK: _list(f"{_COMPUTE}/disks", api_versions.DISKS, disks.to_disk),
    ResourceKind.SNAPSHOT: _list(
        f"{_COMPUTE}/snapshots", api_versions.DISKS, snapshots.to_snapshot
    ),
    ResourceKind.IMAGE: _get_images,
    ResourceKind.NETWORK: networks.get_networks,
    ResourceKind.SUBNET: networks.get_subnets,
    ResourceKind.FIREWALL: _list(
        f"{_NETWORK}/networkSecurityGroups", api_versions.NETWORK, firewalls.to_firewall
    ),
    ResourceKind.ADDRESS: _list(
        f"{_NETWORK}/publicIPAddresses", api_versions.NETWORK, addresses.to_address
    ),
    ResourceKind.LOAD_BALANCER: _list(
        f"{_NETWORK}/loadBalancers", api_versions.NETWORK, load_balancers.to_load_balancer
    ),
}


class AzureInventory(AccountInventoryProvider):
    """Lists the resources of a subscription."""

    kinds: ClassVar[frozenset[ResourceKind]] = frozenset(READERS)

    _clients: AzureClients

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield every resource of a kind in a region, page by page.

        Azure decides the size of a page. Raises Unsupported at once for a kind outside `kinds`.
        """
        del page_size
        return self._list_region(region, kind, _reader(kind))

    def list_account(
        self, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[AccountPage]:
        """Yield every resource of a kind in all regions, page by page.

        Azure decides the size of a page. Resources in a region that the subscription does not
        list are included: whoever stores the list counts and reports them.
        """
        del page_size
        return self._list_all_regions(kind, _reader(kind))

    def _list_region(
        self, region: str, kind: ResourceKind, reader: Reader
    ) -> Iterator[Sequence[Resource]]:
        check_region(self._clients, region)
        items = ItemReader("azure", f"resources of kind {kind} in {region}")
        for page in self._pages(kind, reader):
            to_resource = partial(_to_resource_in, region, page.to_resource)
            yield items.read(page.items, to_resource, region=region)
        items.finish()

    def _list_all_regions(self, kind: ResourceKind, reader: Reader) -> Iterator[AccountPage]:
        items = ItemReader("azure", f"resources of kind {kind}")
        for page in self._pages(kind, reader):
            yield AccountPage(items.read(page.items, page.to_resource, region=location_of))
        items.finish()

    def _pages(self, kind: ResourceKind, reader: Reader) -> Iterator[Page]:
        pages = reader(self._clients)
        while True:
            with azure_errors(f"list {kind} of subscription {self._clients.subscription_id}"):
                page = next(pages, None)
            if page is None:
                return
            yield page


def _to_resource_in(
    region: str, to_resource: Callable[[Document], Resource], item: Any
) -> Resource | None:
    """Return an item as a resource, or None if it is in another region.

    An item without a location may be in any region: converting it raises in each of them.
    """
    elsewhere = isinstance(item, dict) and item.get("location") and location_of(item) != region
    return None if elsewhere else to_resource(item)


def _reader(kind: ResourceKind) -> Reader:
    reader = READERS.get(kind)
    if reader is None:
        raise Unsupported(f"The Azure provider does not list {kind}.", provider="azure")
    return reader
