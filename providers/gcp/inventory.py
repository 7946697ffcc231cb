"""Inventory: for each kind, where it is listed and what makes a resource of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from providers.gcp import addresses, disks, firewalls, images, instances, load_balancers, networks
from providers.gcp.links import GLOBAL
from providers.gcp.paging import aggregated_pages, pages
from providers.gcp.regions import get_zones
from providers.gcp.resource_users import Attachments
from skyclust.contract import AccountPage
from skyclust.errors import Unsupported
from skyclust.model.resource import Resource, ResourceKind
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.gcp.client import Answer, GcpClients


@dataclass(frozen=True)
class Reader:
    """`collection` is Compute Engine's word for a kind, `places` where it can be.

    `to_resource` makes a resource of one thing; where `has_users`, it takes the ids of those
    who have it besides.
    """

    collection: str
    places: frozenset[str]
    to_resource: Callable[..., Resource]
    has_users: bool = False

    def prepare(self, attachments: Attachments, page: Iterable[Any]) -> None:
        """Learn what the things of a page need to be made."""
        if self.has_users:
            attachments.prepare(page)

    def made(self, region: str, thing: Answer, attachments: Attachments) -> Resource:
        """Return the resource of one thing; raises UnexpectedAnswer for one that is unreadable."""
        if self.has_users:
            return self.to_resource(region, thing, attachments.of(thing))
        return self.to_resource(region, thing)


_ZONES, _REGIONS = "zones", "regions"
_ONLY_GLOBAL: Final = frozenset({GLOBAL})
_ANYWHERE: Final = frozenset({_REGIONS, GLOBAL})

READERS: Final[dict[ResourceKind, Reader]] = {
    ResourceKind.INSTANCE: Reader("instances", frozenset({_ZONES}), instances.to_resource),
    ResourceKind.DISK: Reader("disks", frozenset({_ZONES, _REGIONS}), disks.to_disk, True),
    ResourceKind.SNAPSHOT: Reader("snapshots", _ONLY_GLOBAL, images.to_snapshot),
    ResourceKind.IMAGE: Reader("images", _ONLY_GLOBAL, images.to_image),
    ResourceKind.NETWORK: Reader("networks", _ONLY_GLOBAL, networks.to_network),
    ResourceKind.SUBNET: Reader("subnetworks", frozenset({_REGIONS}), networks.to_subnet),
    ResourceKind.FIREWALL: Reader("firewalls", _ONLY_GLOBAL, firewalls.to_firewall),
    ResourceKind.ADDRESS: Reader("addresses", _ANYWHERE, addresses.to_address, True),
    ResourceKind.LOAD_BALANCER: Reader(
        "forwardingRules", _ANYWHERE, load_balancers.to_load_balancer
    ),
}


def list_resources(
    clients: GcpClients, region: str, kind: ResourceKind, page_size: int | None
) -> Iterator[Sequence[Resource]]:
    """Yield every resource of a kind in a region or in `global`, page by page, to the end.

    Raises Unsupported at once for a kind that is not listed. A kind that cannot be in a place
    has nothing there; a region that does not exist raises NotFound.
    """
    return _pages_in(clients, region, kind, _reader(kind), page_size)


def list_account(
    clients: GcpClients, kind: ResourceKind, page_size: int | None
) -> Iterator[AccountPage]:
    """Yield every resource of a kind in all places at once, and the regions left out of it."""
    return _account_pages(clients, kind, _reader(kind), page_size)


def _reader(kind: Any) -> Reader:
    reader = READERS.get(kind)
    if reader is None:
        raise Unsupported(f"The GCP provider does not list {kind}.", provider="gcp")
    return reader


def _pages_in(
    clients: GcpClients, region: str, kind: ResourceKind, reader: Reader, page_size: int | None
) -> Iterator[Sequence[Resource]]:
    attachments = Attachments(clients, region)
    items = ItemReader("gcp", f"{reader.collection} of {region}")
    for path in _paths(clients, region, reader):
        doing = f"list {kind} in {region}"
        for page in pages(clients, path, doing, page_size=page_size):
            reader.prepare(attachments, page)
            yield items.read(
                page,
                lambda thing: reader.made(region, thing, attachments),
                region=region,
                name=_called,
            )
    items.finish()


def _called(thing: Answer) -> str:
    """Return what an error calls a thing: its name, else its link."""
    return str(thing.get("name") or thing["selfLink"])


def _paths(clients: GcpClients, region: str, reader: Reader) -> Iterator[str]:
    """Yield the lists that together hold what a region has of a kind."""
    if region == GLOBAL:
        if GLOBAL in reader.places:
            yield f"{GLOBAL}/{reader.collection}"
        return
    # Also where no zone is needed: a misspelt region must not pass for an empty one.
    zones = get_zones(clients, region)
    if _ZONES in reader.places:
        yield from (f"zones/{zone}/{reader.collection}" for zone in zones)
    if _REGIONS in reader.places:
        yield f"regions/{region}/{reader.collection}"


def _account_pages(
    clients: GcpClients, kind: ResourceKind, reader: Reader, page_size: int | None
) -> Iterator[AccountPage]:
    if reader.places == _ONLY_GLOBAL:
        for listed in _pages_in(clients, GLOBAL, kind, reader, page_size):
            yield AccountPage(listed)
        return
    attachments = Attachments(clients, None)
    items = ItemReader("gcp", f"{reader.collection} of the project")
    doing = f"list {kind}"
    for page in aggregated_pages(clients, reader.collection, doing, page_size=page_size):
        reader.prepare(attachments, (thing for _, thing in page.things))
        made = items.read(
            page.things,
            lambda one: reader.made(one[0], one[1], attachments),
            region=lambda one: str(one[0]),
            name=lambda one: _called(one[1]),
        )
        # A disk whose instance could not be read is no complete read of the disk.
        yield AccountPage(made, {**attachments.unread, **page.unread})
    items.finish()
