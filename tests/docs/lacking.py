"""What a cloud lacks, and why: a `-` in the capability matrix without its reason is refused."""

from __future__ import annotations

from typing import Final

from skyclust.contract import (
    AccountInventoryProvider,
    BucketProvider,
    ConsoleProvider,
    CostProvider,
    CostTotalsProvider,
    MetricsProvider,
    PlacementProvider,
    PriceProvider,
)
from skyclust.model.resource import ResourceKind

POWER_OFF: Final = "a stop that only powers off"
GIVE_BACK: Final = "a stop that releases the capacity"

STOPS: Final[dict[str, tuple[str, ...]]] = {
    "aws": (GIVE_BACK,),
    "azure": (GIVE_BACK, POWER_OFF),
    "gcp": (GIVE_BACK,),
    "openstack": (POWER_OFF,),
    "proxmox": (POWER_OFF,),
}
"""The stops that each cloud has: the class shows only that there is a stop."""

DELETION: Final = "deletion of a `{kind}` by itself"

DELETED: Final = (ResourceKind.DISK, ResourceKind.ADDRESS, ResourceKind.SNAPSHOT)
"""The kinds that `DeletionProvider` is for."""

LACKING: Final[dict[tuple[str, type | ResourceKind | str], str]] = {
    ("aws", AccountInventoryProvider): "EC2 lists region by region.",
    ("azure", BucketProvider): "Blob storage is not read. Copy the export to a folder, or to S3.",
    ("gcp", BucketProvider): "The billing export is a table of BigQuery.",
    ("openstack", BucketProvider): "Swift is not read. An S3 endpoint of its own is read with a"
    " credential of AWS.",
    ("proxmox", BucketProvider): "Proxmox VE has no object storage.",
    ("proxmox", PlacementProvider): "Requirements are not checked before a create; the create"
    " request reports what a place lacks.",
    ("aws", POWER_OFF): "EC2 has no stop that keeps the capacity.",
    ("azure", MetricsProvider): "SkyClust does not read Azure Monitor.",
    ("gcp", MetricsProvider): "SkyClust does not read Cloud Monitoring.",
    ("gcp", POWER_OFF): "Compute Engine has no stop that keeps the capacity.",
    ("openstack", AccountInventoryProvider): "Every region has services of its own.",
    ("openstack", PriceProvider): "OpenStack has no price list of its own: its operator's prices"
    " go into a price book.",
    ("openstack", MetricsProvider): "Nova keeps no history of use, and few clouds have Gnocchi.",
    ("openstack", GIVE_BACK): "Nova always keeps the capacity of a stopped server.",
    ("proxmox", AccountInventoryProvider): "A cluster is one region.",
    ("proxmox", ConsoleProvider): "Proxmox VE does not store what a guest writes to its console.",
    ("proxmox", CostProvider): "Proxmox VE has no billing. Price its inventory by a price book.",
    ("proxmox", CostTotalsProvider): "Proxmox VE has no billing.",
    ("proxmox", PriceProvider): "Proxmox VE has no prices: they go into a price book.",
    ("proxmox", GIVE_BACK): "A stopped guest keeps its disks and its node.",
    ("proxmox", DELETION.format(kind="address")): "Addresses are set inside the guests.",
    ("proxmox", DELETION.format(kind="snapshot")): "A snapshot is a part of its guest:"
    " `skyclust snapshot delete` deletes it.",
    ("proxmox", ResourceKind.SUBNET): "The subnets of a VNet are listed with the network.",
    ("proxmox", ResourceKind.FIREWALL): "Rules are set at the cluster, its nodes and its guests;"
    " they are not read, nor are the security groups of the cluster.",
    ("proxmox", ResourceKind.ADDRESS): "Addresses are set inside the guests.",
    ("proxmox", ResourceKind.LOAD_BALANCER): "Proxmox VE has no load balancers.",
}
