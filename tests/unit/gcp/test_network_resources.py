"""Mapping of networks, subnets, firewalls, addresses and load balancers."""

from __future__ import annotations

from typing import Any, cast

import pytest

from providers.gcp.addresses import to_address
from providers.gcp.firewalls import to_firewall
from providers.gcp.load_balancers import to_load_balancer
from providers.gcp.networks import to_network, to_subnet
from skyclust.errors import UnexpectedAnswer
from tests.unit.gcp.examples import HOME


def test_a_subnet_lists_all_its_ranges() -> None:
    # https://cloud.google.com/vpc/docs/subnets#subnet-ranges
    made = to_subnet(
        "europe-west3",
        {
            "selfLink": f"{HOME}/regions/europe-west3/subnetworks/apps",
            "ipCidrRange": "10.2.0.0/20",
            "stackType": "IPV4_IPV6",
            "ipv6CidrRange": "fd20:1::/64",
            "internalIpv6Prefix": "fd20:1::/64",
            "externalIpv6Prefix": "2600:1900:40a0::/64",
            "secondaryIpRanges": [
                {"rangeName": "services", "ipCidrRange": "10.9.0.0/20"},
                {"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"},
            ],
        },
    )
    assert made.attributes["cidr"] == "10.2.0.0/20"
    assert made.attributes["cidrs"] == [
        "10.2.0.0/20",
        "10.4.0.0/14",
        "10.9.0.0/20",
        "fd20:1::/64",
        "2600:1900:40a0::/64",
    ]
    assert (made.attributes["network"], made.attributes["default"]) == (None, None)


def test_an_ipv6_subnet_has_no_ipv4_range() -> None:
    link = f"{HOME}/regions/europe-west3/subnetworks/six"
    made = to_subnet("europe-west3", {"selfLink": link, "internalIpv6Prefix": "fd20:1::/64"})
    assert (made.attributes["cidr"], made.attributes["cidrs"]) == (None, ["fd20:1::/64"])


def test_the_default_network_and_its_subnets_are_marked() -> None:
    network = to_network(
        "global", {"name": "default", "selfLink": f"{HOME}/global/networks/default"}
    )
    assert network.attributes == {"cidrs": [], "default": True, "description": None}
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


def test_a_firewall_has_a_rule_for_each_port_range() -> None:
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


def test_a_deny_firewall_has_deny_rules() -> None:
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


def test_a_firewall_rule_has_sources_and_destinations() -> None:
    # "If destination ranges are specified, the firewall rule applies only to traffic that has
    # destination IP address in these ranges."
    made = to_firewall(
        "global",
        {
            "selfLink": f"{HOME}/global/firewalls/web",
            "direction": "INGRESS",
            "sourceRanges": ["10.0.0.0/8"],
            "destinationRanges": ["10.1.0.0/24", "fd20::/64"],
            "allowed": [{"IPProtocol": "tcp"}],
        },
    )
    [rule] = cast("list[dict[str, Any]]", made.attributes["rules"])
    assert rule["sources"] == ["10.0.0.0/8"]
    assert rule["destinations"] == ["10.1.0.0/24", "fd20::/64"]
    assert (made.attributes["disabled"], made.attributes["network"]) == (None, None)


@pytest.mark.parametrize("ports", [["http"], [None], [""], ["1-x"], "80"])
def test_unreadable_ports_raise(ports: object) -> None:
    firewall = {
        "selfLink": f"{HOME}/global/firewalls/web",
        "allowed": [{"IPProtocol": "tcp", "ports": ports}],
    }
    with pytest.raises(UnexpectedAnswer):
        to_firewall("global", firewall)


@pytest.mark.parametrize(
    ("kind", "public", "private"),
    [
        ("EXTERNAL", "34.1.2.3", None),
        ("INTERNAL", None, "34.1.2.3"),
        ("UNSPECIFIED_TYPE", None, None),
        (None, None, None),
    ],
)
def test_an_address_is_public_or_private_by_its_type(
    kind: str | None, public: str | None, private: str | None
) -> None:
    address = {
        "name": "front",
        "selfLink": f"{HOME}/regions/europe-west3/addresses/front",
        "address": "34.1.2.3",
        "addressType": kind,
        "status": "RESERVED",
        "id": "4711",
    }
    made = to_address("europe-west3", address, [])
    assert (made.id, made.state) == ("europe-west3/front", "available")
    assert made.attributes == {
        "address": public,
        "attached_to": [],
        "private_address": private,
        "unique_id": "4711",
    }


def test_an_address_lists_all_its_users() -> None:
    # A forwarding rule for each protocol may have one address.
    link = f"{HOME}/regions/europe-west3/addresses/front"
    users = ["europe-west3-a/web/7", "europe-west3/tcp", "europe-west3/udp"]
    made = to_address("europe-west3", {"selfLink": link, "status": "IN_USE"}, users)
    assert made.attributes["attached_to"] == users


@pytest.mark.parametrize(
    ("address", "length", "expected"),
    [
        ("10.1.0.0", 16, "10.1.0.0/16"),
        ("10.1.0.5", 32, "10.1.0.5"),
        ("2600:1900:40a0::", 96, "2600:1900:40a0::/96"),
        ("10.1.0.5", None, "10.1.0.5"),
    ],
)
def test_a_reserved_range_has_its_prefix_length(
    address: str, length: int | None, expected: str
) -> None:
    link = f"{HOME}/global/addresses/peering"
    reserved = {"selfLink": link, "address": address, "prefixLength": length}
    made = to_address("global", {**reserved, "addressType": "INTERNAL"}, [])
    assert made.attributes["private_address"] == expected


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
            {
                "target": f"{HOME}/regions/europe-west3/targetVpnGateways/g",
                "loadBalancingScheme": "EXTERNAL",
            },
            ("targetVpnGateways", "internet-facing"),
        ),
        (
            {
                "target": f"{HOME}/regions/europe-west3/serviceAttachments/s",
                "loadBalancingScheme": "",
                "pscConnectionId": "12345",
            },
            ("private-service-connect", "internal"),
        ),
        (
            {"target": f"{HOME}/regions/europe-west3/serviceAttachments/s"},
            ("private-service-connect", "internal"),
        ),
        ({"target": "all-apis"}, ("private-service-connect", "internal")),
        ({"target": "vpc-sc"}, ("private-service-connect", "internal")),
        ({"loadBalancingScheme": "INTERNAL_MANAGED"}, (None, "internal")),
        ({"loadBalancingScheme": "INTERNAL_SELF_MANAGED"}, (None, "internal")),
        ({"loadBalancingScheme": "EXTERNAL_MANAGED"}, (None, "internet-facing")),
        ({"loadBalancingScheme": "EXTERNAL_PASSTHROUGH"}, (None, "internet-facing")),
        ({"loadBalancingScheme": "INVALID"}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_a_forwarding_rule_has_the_type_and_scheme_of_its_load_balancer(
    rule: dict[str, Any], expected: tuple[str | None, str | None]
) -> None:
    link = f"{HOME}/regions/europe-west3/forwardingRules/front"
    made = to_load_balancer("europe-west3", {"name": "front", "selfLink": link, **rule})
    assert (made.attributes["type"], made.attributes["scheme"]) == expected
