"""What everything but machines is in our words."""

from __future__ import annotations

from typing import Any

import pytest

from providers.gcp.addresses import to_address
from providers.gcp.disks import to_disk
from providers.gcp.firewalls import to_firewall
from providers.gcp.images import to_image, to_snapshot
from providers.gcp.load_balancers import to_load_balancer
from providers.gcp.networks import to_network, to_subnet
from tests.unit.gcp.examples import DISK, HOME, SNAPSHOT_PART


def test_a_disk_is_told_with_who_has_it() -> None:
    made = to_disk("europe-west3", DISK, ["europe-west3-a/web-1/7"])
    assert (made.id, made.zone, made.state) == ("europe-west3-a/data", "europe-west3-a", "in_use")
    assert made.attributes == {
        "attached_to": ["europe-west3-a/web-1/7"],
        "encrypted": True,
        "iops": 3000,
        "size_gib": 200,
        "snapshot": "nightly-1",
        "throughput_mibps": 140,
        "type": "hyperdisk-balanced",
    }


def test_a_disk_that_nobody_has_is_available() -> None:
    assert to_disk("europe-west3", DISK, []).state == "available"
    failed = to_disk("europe-west3", {**DISK, "status": "FAILED"}, [])
    assert (failed.state, failed.native_state) == ("error", "FAILED")


def test_a_disk_of_a_region_is_in_no_zone() -> None:
    disk = {name: value for name, value in DISK.items() if name != "zone"}
    disk |= {
        "region": f"{HOME}/regions/europe-west3",
        "selfLink": f"{HOME}/regions/europe-west3/disks/data",
    }
    made = to_disk("europe-west3", disk, [])
    assert (made.id, made.zone) == ("europe-west3/data", None)


def test_a_snapshot_tells_its_disk_and_its_tier() -> None:
    made = to_snapshot("global", SNAPSHOT_PART)
    assert (made.id, made.state) == ("web-1-abc-0", "available")
    assert made.attributes == {
        "description": "before the upgrade",
        "disk": "europe-west3-a/web-1",
        "encrypted": True,
        "size_gib": 10,
        "tier": "archive",
    }


def test_an_image_tells_what_it_is_made_of() -> None:
    # https://cloud.google.com/compute/docs/reference/rest/v1/images
    image = {
        "name": "golden",
        "selfLink": f"{HOME}/global/images/golden",
        "status": "READY",
        "diskSizeGb": "20",
        "architecture": "ARM64",
        "licenses": [f"{HOME}/global/licenses/debian-12"],
        "sourceSnapshot": f"{HOME}/global/snapshots/nightly-1",
    }
    assert to_image("global", image).attributes == {
        "architecture": "arm64",
        "description": None,
        "platform": "debian-12",
        "size_gib": 20,
        "snapshots": ["nightly-1"],
    }


def test_networks_and_subnets_know_the_default() -> None:
    network = to_network(
        "global", {"name": "default", "selfLink": f"{HOME}/global/networks/default"}
    )
    assert network.attributes == {"cidrs": [], "default": True}
    subnet = to_subnet(
        "europe-west3",
        {
            "name": "apps",
            "selfLink": f"{HOME}/regions/europe-west3/subnetworks/apps",
            "network": f"{HOME}/global/networks/vpc",
            "ipCidrRange": "10.2.0.0/20",
        },
    )
    assert (subnet.id, subnet.state) == ("europe-west3/apps", None)
    assert subnet.attributes["network"] == "vpc"
    assert subnet.attributes["cidr"] == "10.2.0.0/20"
    assert subnet.attributes["default"] is False


def test_a_firewall_has_a_rule_for_each_range_of_ports() -> None:
    # https://cloud.google.com/compute/docs/reference/rest/v1/firewalls
    made = to_firewall(
        "global",
        {
            "name": "web",
            "selfLink": f"{HOME}/global/firewalls/web",
            "network": f"{HOME}/global/networks/default",
            "direction": "INGRESS",
            "priority": 900,
            "sourceRanges": ["35.191.0.0/16", "130.211.0.0/22"],
            "sourceTags": ["bastion"],
            "targetTags": ["web"],
            "allowed": [{"IPProtocol": "tcp", "ports": ["8000-8080", "443"]}],
        },
    )
    sources = ["130.211.0.0/22", "35.191.0.0/16", "bastion"]
    rule = {"action": "allow", "direction": "ingress", "protocol": "tcp", "sources": sources}
    assert made.attributes["rules"] == [
        {**rule, "from_port": 443, "to_port": 443},
        {**rule, "from_port": 8000, "to_port": 8080},
    ]
    assert (made.attributes["targets"], made.attributes["priority"]) == (["web"], 900)


def test_a_firewall_that_denies_says_so() -> None:
    made = to_firewall(
        "global",
        {
            "name": "no-mail",
            "selfLink": f"{HOME}/global/firewalls/no-mail",
            "network": f"{HOME}/global/networks/default",
            "direction": "EGRESS",
            "destinationRanges": ["0.0.0.0/0"],
            "denied": [{"IPProtocol": "all"}],
        },
    )
    assert made.attributes["rules"] == [
        {
            "action": "deny",
            "direction": "egress",
            "protocol": "all",
            "from_port": None,
            "to_port": None,
            "destinations": ["0.0.0.0/0"],
        }
    ]


@pytest.mark.parametrize(
    ("kind", "public", "private"), [("EXTERNAL", "34.1.2.3", None), ("INTERNAL", None, "34.1.2.3")]
)
def test_an_address_is_public_or_private(
    kind: str, public: str | None, private: str | None
) -> None:
    address = {
        "name": "front",
        "selfLink": f"{HOME}/regions/europe-west3/addresses/front",
        "address": "34.1.2.3",
        "addressType": kind,
        "status": "RESERVED",
    }
    made = to_address("europe-west3", address, [])
    assert (made.id, made.state) == ("europe-west3/front", "available")
    assert made.attributes == {"address": public, "attached_to": None, "private_address": private}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            {"target": f"{HOME}/global/targetHttpsProxies/p", "loadBalancingScheme": "EXTERNAL"},
            ("application", "internet-facing"),
        ),
        (
            {
                "backendService": f"{HOME}/regions/europe-west3/backendServices/b",
                "loadBalancingScheme": "INTERNAL",
            },
            ("network", "internal"),
        ),
        (
            {"target": f"{HOME}/regions/europe-west3/targetVpnGateways/g"},
            ("targetVpnGateways", "internet-facing"),
        ),
        ({}, (None, "internet-facing")),
    ],
)
def test_a_forwarding_rule_is_the_front_of_a_load_balancer(
    rule: dict[str, Any], expected: tuple[str | None, str]
) -> None:
    link = f"{HOME}/regions/europe-west3/forwardingRules/front"
    made = to_load_balancer("europe-west3", {"name": "front", "selfLink": link, **rule})
    assert (made.attributes["type"], made.attributes["scheme"]) == expected
