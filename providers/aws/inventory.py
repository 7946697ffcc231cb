"""Inventory: the readers of each kind of resource."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from providers.aws import (
    addresses,
    disks,
    firewalls,
    images,
    instances,
    load_balancers,
    networks,
    snapshots,
)
from providers.aws.regions import regional_errors
from skyclust.contract import InventoryProvider
from skyclust.errors import Unsupported
from skyclust.model.resource import Resource, ResourceKind
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.aws.client import AwsClients

# https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-pagination.html
_EC2_PAGES: Final = (5, 1000)
# PageSize of DescribeLoadBalancers, in elb and elbv2 alike
_ELB_PAGES: Final = (1, 400)


@dataclass(frozen=True)
class Reader:
    """How a kind of resource is read: `get` yields pages of items of AWS's own type.

    `to_resource` returns the resource of an item, None for one that no longer exists. `name` is
    the member, or the function, that gives the name of an item in errors. `page_sizes` are the
    smallest and the largest page size that AWS accepts.
    """

    get: Callable[[AwsClients, str, int], Iterator[Sequence[Any]]]
    to_resource: Callable[[str, Any], Resource | None]
    name: str | Callable[[Any], str]
    page_sizes: tuple[int, int] = _EC2_PAGES

    def name_of(self, item: Any) -> str:
        """Return the name of an item for an error message."""
        return str(item[self.name]) if isinstance(self.name, str) else self.name(item)

    def page_size(self, requested: int | None) -> int:
        """Return the accepted page size nearest to the requested one, by default the largest."""
        smallest, largest = self.page_sizes
        return largest if requested is None else min(max(requested, smallest), largest)


READERS: Final[dict[ResourceKind, tuple[Reader, ...]]] = {
    ResourceKind.INSTANCE: (Reader(instances.get_instances, instances.to_resource, "InstanceId"),),
    ResourceKind.DISK: (Reader(disks.get_disks, disks.to_disk, "VolumeId"),),
    ResourceKind.SNAPSHOT: (Reader(snapshots.get_snapshots, snapshots.to_snapshot, "SnapshotId"),),
    ResourceKind.IMAGE: (Reader(images.get_images, images.to_image, "ImageId"),),
    ResourceKind.NETWORK: (Reader(networks.get_networks, networks.to_network, "VpcId"),),
    ResourceKind.SUBNET: (Reader(networks.get_subnets, networks.to_subnet, "SubnetId"),),
    ResourceKind.FIREWALL: (Reader(firewalls.get_firewalls, firewalls.to_firewall, "GroupId"),),
    ResourceKind.ADDRESS: (Reader(addresses.get_addresses, addresses.to_address, "AllocationId"),),
    ResourceKind.LOAD_BALANCER: (
        Reader(
            load_balancers.get_load_balancers,
            load_balancers.to_load_balancer,
            lambda balancer: str(balancer.described["LoadBalancerName"]),
            _ELB_PAGES,
        ),
        Reader(
            load_balancers.get_classic_load_balancers,
            load_balancers.to_classic_load_balancer,
            lambda balancer: str(balancer.described["LoadBalancerName"]),
            _ELB_PAGES,
        ),
    ),
}


class AwsInventory(InventoryProvider):
    """Resources of EC2 and Elastic Load Balancing."""

    kinds: ClassVar[frozenset[ResourceKind]] = frozenset(READERS)
    _clients: AwsClients

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield every resource of a kind in a region, without terminated instances.

        Raises Unsupported at once for a kind that is not in `kinds`.
        """
        readers = READERS.get(kind)
        if readers is None:
            raise Unsupported(f"The AWS provider does not list {kind}.", provider="aws")
        return _pages(self._clients, region, kind, readers, page_size)


def _pages(
    clients: AwsClients,
    region: str,
    kind: ResourceKind,
    readers: Sequence[Reader],
    page_size: int | None,
) -> Iterator[Sequence[Resource]]:
    items = ItemReader("aws", f"of kind {kind} in {region}")
    for reader in readers:
        pages = reader.get(clients, region, reader.page_size(page_size))
        while True:
            with regional_errors(clients, region, f"list {kind} in {region}"):
                page = next(pages, None)
            if page is None:
                break
            yield items.read(
                page, partial(reader.to_resource, region), region=region, name=reader.name_of
            )
    items.finish()
