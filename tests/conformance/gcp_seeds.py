"""The resources that the conformance suite creates in the sandbox GCP, by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from skyclust.model.resource import ResourceKind

REGION: Final = "europe-west3"
ZONE: Final = "europe-west3-a"
IMAGE_NAME: Final = "ubuntu-2404-noble-amd64-v20261103"
IMAGE: Final = f"projects/ubuntu-os-cloud/global/images/{IMAGE_NAME}"

Json = dict[str, Any]
Request = tuple[str, Json]
"""A path below the project, and the request body."""


def _instance(number: int) -> Request:
    disk = {"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": IMAGE}}
    return f"zones/{ZONE}/instances", {
        "name": f"seed-{number}",
        "machineType": f"zones/{ZONE}/machineTypes/e2-small",
        "disks": [disk],
        "networkInterfaces": [{"network": "global/networks/default"}],
    }


def _disk(number: int) -> Request:
    return f"zones/{ZONE}/disks", {"name": f"disk-{number}", "sizeGb": "10"}


def _snapshot(number: int) -> Request:
    disk = f"zones/{ZONE}/disks/disk-{number}"
    return f"{disk}/createSnapshot", {"name": f"snapshot-{number}"}


def _image(number: int) -> Request:
    return "global/images", {"name": f"image-{number}", "sourceImage": IMAGE}


def _network(number: int) -> Request:
    return "global/networks", {"name": f"net-{number}", "autoCreateSubnetworks": False}


def _subnet(number: int) -> Request:
    return f"regions/{REGION}/subnetworks", {
        "name": f"subnet-{number}",
        "network": f"global/networks/net-{number}",
        "ipCidrRange": f"10.{number}.0.0/24",
    }


def _firewall(number: int) -> Request:
    return "global/firewalls", {
        "name": f"firewall-{number}",
        "network": "global/networks/default",
        "allowed": [{"IPProtocol": "tcp", "ports": ["22", "8000-8080"]}],
        "sourceRanges": ["10.0.0.0/8"],
    }


def _address(number: int) -> Request:
    return f"regions/{REGION}/addresses", {"name": f"address-{number}"}


def _forwarding_rule(number: int) -> Request:
    return f"regions/{REGION}/forwardingRules", {
        "name": f"rule-{number}",
        "loadBalancingScheme": "EXTERNAL",
        "IPProtocol": "TCP",
        "portRange": "80",
    }


STEPS: Final[Mapping[ResourceKind, Sequence[Callable[[int], Request]]]] = {
    ResourceKind.INSTANCE: [_instance],
    ResourceKind.DISK: [_disk],
    ResourceKind.SNAPSHOT: [_disk, _snapshot],
    ResourceKind.IMAGE: [_image],
    ResourceKind.NETWORK: [_network],
    ResourceKind.SUBNET: [_network, _subnet],
    ResourceKind.FIREWALL: [_firewall],
    ResourceKind.ADDRESS: [_address],
    ResourceKind.LOAD_BALANCER: [_forwarding_rule],
}
IDS: Final[Mapping[ResourceKind, str]] = {
    ResourceKind.DISK: f"{ZONE}/disk-{{}}",
    ResourceKind.SNAPSHOT: "snapshot-{}",
    ResourceKind.IMAGE: "image-{}",
    ResourceKind.NETWORK: "net-{}",
    ResourceKind.SUBNET: f"{REGION}/subnet-{{}}",
    ResourceKind.FIREWALL: "firewall-{}",
    ResourceKind.ADDRESS: f"{REGION}/address-{{}}",
    ResourceKind.LOAD_BALANCER: f"{REGION}/rule-{{}}",
}
NAMES: Final[Mapping[ResourceKind, str]] = {
    ResourceKind.INSTANCE: "seed-{}",
    **{kind: wanted.rpartition("/")[2] for kind, wanted in IDS.items()},
}
COLLECTIONS: Final[Mapping[ResourceKind, str]] = {
    ResourceKind.INSTANCE: "instances",
    ResourceKind.DISK: "disks",
    ResourceKind.SNAPSHOT: "snapshots",
    ResourceKind.IMAGE: "images",
    ResourceKind.NETWORK: "networks",
    ResourceKind.SUBNET: "subnetworks",
    ResourceKind.FIREWALL: "firewalls",
    ResourceKind.ADDRESS: "addresses",
    ResourceKind.LOAD_BALANCER: "forwardingRules",
}
