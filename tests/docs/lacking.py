"""What a cloud lacks, and why: a `-` in the capability matrix without its reason is refused."""

from __future__ import annotations

from typing import Final

from skyclust.contract import AccountInventoryProvider, ConsoleProvider, PlacementProvider
from skyclust.model.resource import ResourceKind

POWER_OFF: Final = "a stop that only powers off"
GIVE_BACK: Final = "a stop that gives the place back"

STOPS: Final[dict[str, tuple[str, ...]]] = {
    "aws": (GIVE_BACK,),
    "azure": (GIVE_BACK, POWER_OFF),
    "gcp": (GIVE_BACK,),
    "openstack": (POWER_OFF,),
    "proxmox": (POWER_OFF,),
}
"""The stops that each cloud knows: the class tells only that there is one."""

LACKING: Final[dict[tuple[str, type | ResourceKind | str], str]] = {
    ("aws", AccountInventoryProvider): "EC2 lists region by region.",
    ("proxmox", PlacementProvider): "Not read before a create; what a place lacks, the create"
    " tells.",
    ("aws", POWER_OFF): "EC2 has no stop that keeps the place.",
    ("gcp", POWER_OFF): "Compute Engine has no stop that keeps the place.",
    ("openstack", AccountInventoryProvider): "Every region has services of its own.",
    ("openstack", GIVE_BACK): "Nova always keeps the place of a stopped machine.",
    ("proxmox", AccountInventoryProvider): "A cluster is one region.",
    ("proxmox", ConsoleProvider): "Proxmox VE keeps nothing of what a machine writes to its"
    " console.",
    ("proxmox", GIVE_BACK): "A machine has its disks and its node, stopped or not.",
    ("proxmox", ResourceKind.SUBNET): "The subnets of a VNet are told with the network.",
    ("proxmox", ResourceKind.FIREWALL): "Rules are set at the cluster, its nodes and its machines;"
    " they are not read, nor are the security groups of the cluster.",
    ("proxmox", ResourceKind.ADDRESS): "Addresses are set inside the machines.",
    ("proxmox", ResourceKind.LOAD_BALANCER): "Proxmox VE has none.",
}
