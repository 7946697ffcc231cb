"""Inventory: which list each kind of resource is read from, and how its items are mapped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from providers.gcp import (
    addresses,
    disks,
    firewalls,
    images,
    instances,
    load_balancers,
    networks,
    snapshots,
)
from providers.gcp.links import GLOBAL
from providers.gcp.paging import list_aggregated_pages, list_pages
from providers.gcp.regions import get_zones
from providers.gcp.resource_users import ResourceUsers
from skyclust.contract import AccountInventoryProvider, AccountPage
from skyclust.errors import Unsupported
from skyclust.model.resource import Resource, ResourceKind
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject

_ZONES, _REGIONS = "zones", "regions"
_ONLY_GLOBAL: Final = frozenset({GLOBAL})
_REGIONAL_AND_GLOBAL: Final = frozenset({_REGIONS, GLOBAL})


@dataclass(frozen=True)
class KindReader:
    """How one kind is read.

    `collection` is its collection in Compute Engine, `scopes` are where the collection exists.
    `to_resource` maps an item to a resource; where `has_users`, it also takes the ids of the
    item's users.
    """

    collection: str
    scopes: frozenset[str]
    to_resource: Callable[..., Resource]
    has_users: bool = False

    def load_users(self, users: ResourceUsers, page: Iterable[Any]) -> None:
        """Fetch the users of the items of a page, for a kind that has users."""
        if self.has_users:
            users.load(page)

    def read(self, region: str, item: JsonObject, users: ResourceUsers) -> Resource:
        """Return the resource of an item; raises UnexpectedAnswer for an unreadable item."""
        if self.has_users:
            return self.to_resource(region, item, users.ids_of(item))
        return self.to_resource(region, item)


READERS: Final[dict[ResourceKind, KindReader]] = {
    ResourceKind.INSTANCE: KindReader("instances", frozenset({_ZONES}), instances.to_resource),
    ResourceKind.DISK: KindReader("disks", frozenset({_ZONES, _REGIONS}), disks.to_disk, True),
    ResourceKind.SNAPSHOT: KindReader("snapshots", _ONLY_GLOBAL, snapshots.to_snapshot),
    ResourceKind.IMAGE: KindReader("images", _ONLY_GLOBAL, images.to_image),
    ResourceKind.NETWORK: KindReader("networks", _ONLY_GLOBAL, networks.to_network),
    ResourceKind.SUBNET: KindReader("subnetworks", frozenset({_REGIONS}), networks.to_subnet),
    ResourceKind.FIREWALL: KindReader("firewalls", _ONLY_GLOBAL, firewalls.to_firewall),
    ResourceKind.ADDRESS: KindReader("addresses", _REGIONAL_AND_GLOBAL, addresses.to_address, True),
    ResourceKind.LOAD_BALANCER: KindReader(
        "forwardingRules", _REGIONAL_AND_GLOBAL, load_balancers.to_load_balancer
    ),
}


class GcpInventory(AccountInventoryProvider):
    """Resources of one project, by region or by aggregated lists of all regions."""

    kinds: ClassVar[frozenset[ResourceKind]] = frozenset(READERS)
    _clients: GcpClients

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield pages of the resources of a kind in a region or in `global`, to the end.

        Raises Unsupported at once for a kind that is not in `kinds`, and NotFound for an unknown
        region. A kind that does not exist in a scope has no resources there.
        """
        return _list_region(self._clients, region, kind, self._reader(kind), page_size)

    def list_account(
        self, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[AccountPage]:
        """Yield pages of the resources of a kind in all regions, with the regions left unread.

        Raises Unsupported at once for a kind that is not in `kinds`.
        """
        reader = self._reader(kind)
        if reader.scopes == _ONLY_GLOBAL:
            pages = _list_region(self._clients, GLOBAL, kind, reader, page_size)
            return (AccountPage(page) for page in pages)
        return _list_all_regions(self._clients, kind, reader, page_size)

    def _reader(self, kind: ResourceKind) -> KindReader:
        if kind not in self.kinds:
            raise Unsupported(f"The GCP provider does not list {kind}.", provider="gcp")
        return READERS[kind]


def _list_region(
    clients: GcpClients,
    region: str,
    kind: ResourceKind,
    reader: KindReader,
    page_size: int | None,
) -> Iterator[Sequence[Resource]]:
    users = ResourceUsers(clients, region)
    items = ItemReader("gcp", f"{reader.collection} of {region}")
    for path in _list_paths(clients, region, reader):
        doing = f"list {kind} in {region}"
        for page in list_pages(clients, path, doing, page_size=page_size):
            reader.load_users(users, page)
            yield items.read(
                page,
                lambda item: reader.read(region, item, users),
                region=region,
                name=_name_in_errors,
            )
    items.finish()


def _name_in_errors(item: JsonObject) -> str:
    """Return what an error calls an item: its name, else its link."""
    return str(item.get("name") or item["selfLink"])


def _list_paths(clients: GcpClients, region: str, reader: KindReader) -> Iterator[str]:
    """Yield the paths of the lists that together have all resources of a kind in a region."""
    if region == GLOBAL:
        if GLOBAL in reader.scopes:
            yield f"{GLOBAL}/{reader.collection}"
        return
    # Also for a kind without zones: a misspelt region must raise NotFound, not list nothing.
    zones = get_zones(clients, region)
    if _ZONES in reader.scopes:
        yield from (f"zones/{zone}/{reader.collection}" for zone in zones)
    if _REGIONS in reader.scopes:
        yield f"regions/{region}/{reader.collection}"


def _list_all_regions(
    clients: GcpClients, kind: ResourceKind, reader: KindReader, page_size: int | None
) -> Iterator[AccountPage]:
    users = ResourceUsers(clients, None)
    items = ItemReader("gcp", f"{reader.collection} of the project")
    doing = f"list {kind}"
    for page in list_aggregated_pages(clients, reader.collection, doing, page_size=page_size):
        reader.load_users(users, (item for _, item in page.items))
        resources = items.read(
            page.items,
            lambda pair: reader.read(pair[0], pair[1], users),
            region=lambda pair: str(pair[0]),
            name=lambda pair: _name_in_errors(pair[1]),
        )
        # The users of a disk are incomplete when the instances of its region were not read.
        yield AccountPage(resources, {**users.unread, **page.unread})
    items.finish()
