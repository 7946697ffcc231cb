"""Converting objects of Cinder, Glance, Neutron and Octavia to inventory resources."""

from __future__ import annotations

from typing import Any

import pytest

from providers.openstack.addresses import to_address
from providers.openstack.disks import to_disk
from providers.openstack.firewalls import to_firewall
from providers.openstack.images import to_image
from providers.openstack.load_balancers import to_load_balancer
from providers.openstack.networks import to_cidrs, to_network, to_subnet
from providers.openstack.snapshots import to_snapshot
from skyclust.model.resource import ResourceState
from tests.unit.openstack.network_examples import LOAD_BALANCER
from tests.unit.openstack.servers import GROUP_ID

REGION = "RegionOne"
TIMES = {"created_at": "2026-10-03T04:01:32Z"}
VOLUME: dict[str, Any] = {
    "id": "v",
    "name": "data",
    "status": "in-use",
    "size": 10,
    "volume_type": "ssd",
    "availability_zone": "az1",
    "bootable": "false",
    "encrypted": False,
    "metadata": {"team": "shop"},
    "snapshot_id": None,
    "created_at": "2026-10-03T04:01:32.000000",
    "attachments": [{"server_id": "s", "device": "/dev/vdb", "attachment_id": "a"}],
}


def test_a_volume_is_a_disk() -> None:
    disk = to_disk(REGION, VOLUME)
    assert (disk.state, disk.native_state, disk.zone) == (ResourceState.IN_USE, "in-use", "az1")
    assert disk.tags == {"team": "shop"}
    assert disk.attributes["attached_to"] == ["s"]
    assert (disk.attributes["device"], disk.attributes["size_gib"]) == ("/dev/vdb", 10)
    assert disk.created_at is not None
    assert disk.created_at.isoformat() == "2026-10-03T04:01:32+00:00"


def test_a_volume_that_is_being_attached_is_attached_to_no_server() -> None:
    disk = to_disk(REGION, {**VOLUME, "status": "attaching"})
    assert disk.attributes["attached_to"] == []
    assert disk.state == ResourceState.UPDATING


def test_a_snapshot_names_its_disk() -> None:
    shown = {"id": "x", "name": "n", "status": "available", "size": 10, "volume_id": "v", **TIMES}
    snapshot = to_snapshot(REGION, {**shown, "metadata": {}})
    assert snapshot.state == ResourceState.AVAILABLE
    assert (snapshot.attributes["disk"], snapshot.attributes["size_gib"]) == ("v", 10)


def test_an_image_has_its_properties_as_tags() -> None:
    image = to_image(
        REGION,
        {
            "id": "i",
            "name": "golden",
            "status": "active",
            "visibility": "private",
            "owner": "p",
            "size": 3 * 2**29,
            "min_disk": 1,
            "tags": ["gold"],
            "os_distro": "ubuntu",
            "architecture": "x86_64",
            "team": "shop",
            "schema": "/v2/schemas/image",
            **TIMES,
        },
    )
    assert image.tags == {"gold": "", "team": "shop"}
    assert (image.attributes["size_gib"], image.attributes["public"]) == (2, False)
    assert (image.attributes["platform"], image.attributes["architecture"]) == ("ubuntu", "x86_64")


def test_a_network_has_the_cidrs_of_its_subnets() -> None:
    subnets = [
        {"network_id": "n", "cidr": "fd00::/64"},
        {"network_id": "n", "cidr": "10.0.2.0/24"},
        {"network_id": "n", "cidr": "10.0.1.0/24"},
    ]
    cidrs = to_cidrs(subnets)["n"]
    assert cidrs == ["10.0.1.0/24", "10.0.2.0/24", "fd00::/64"]
    shown = {"id": "n", "name": "private", "status": "ACTIVE", "shared": True, "tags": ["a=b"]}
    network = to_network(REGION, {**shown, "cidrs": cidrs})
    assert network.state == ResourceState.AVAILABLE
    assert network.tags == {"a": "b"}
    assert (network.attributes["cidrs"], network.attributes["shared"]) == (cidrs, True)


def test_a_subnet_has_no_state() -> None:
    subnet = to_subnet(REGION, {"id": "s", "name": "", "network_id": "n", "cidr": "10.0.1.0/24"})
    assert (subnet.state, subnet.attributes["network"]) == (None, "n")


def test_an_ipv6_subnet_has_no_ipv4_cidr() -> None:
    ipv6 = {"id": "s", "network_id": "n", "cidr": "fd00::/64"}
    subnet = to_subnet(REGION, ipv6)
    assert (subnet.attributes["cidr"], subnet.attributes["cidrs"]) == (None, ["fd00::/64"])
    subnet = to_subnet(REGION, {**ipv6, "cidr": "10.0.1.0/24"})
    assert (subnet.attributes["cidr"], subnet.attributes["cidrs"]) == (
        "10.0.1.0/24",
        ["10.0.1.0/24"],
    )


def test_a_firewall_has_its_rules_in_order() -> None:
    def rule(**changes: Any) -> dict[str, Any]:
        bare = {"direction": "ingress", "ethertype": "IPv4", "protocol": None}
        return {**bare, "remote_ip_prefix": None, "remote_group_id": None, **changes}

    rules = [
        rule(direction="egress", ethertype="IPv6"),
        rule(protocol="tcp", port_range_min=443, port_range_max=443, remote_ip_prefix="0.0.0.0/0"),
        rule(protocol="tcp", port_range_min=22, port_range_max=22, remote_group_id="g"),
        rule(),
    ]
    expected = [
        {"direction": "ingress", "protocol": "all", "from_port": None, "to_port": None,
         "sources": ["0.0.0.0/0"]},
        {"direction": "ingress", "protocol": "tcp", "from_port": 22, "to_port": 22,
         "sources": ["g"]},
        {"direction": "ingress", "protocol": "tcp", "from_port": 443, "to_port": 443,
         "sources": ["0.0.0.0/0"]},
        {"direction": "egress", "protocol": "all", "from_port": None, "to_port": None,
         "destinations": ["::/0"]},
    ]  # fmt: skip
    for order in (rules, rules[::-1]):
        group = to_firewall(REGION, {"id": "g", "name": "web", "security_group_rules": order})
        assert group.attributes["rules"] == expected


@pytest.mark.parametrize(
    ("changes", "attached", "state"),
    [
        ({}, [], ResourceState.AVAILABLE),
        ({"port_id": "p"}, ["p"], ResourceState.IN_USE),
        (
            {"port_id": "p", "port_details": {"device_id": "s", "device_owner": "compute:az1"}},
            ["s"],
            ResourceState.IN_USE,
        ),
        (
            {"port_id": "p", "port_details": {"device_id": "r", "device_owner": "network:x"}},
            ["p"],
            ResourceState.IN_USE,
        ),
    ],
)
def test_a_floating_ip_is_attached_to_a_server_or_a_port(
    changes: dict[str, Any], attached: list[str], state: ResourceState
) -> None:
    shown = {"id": "f", "floating_ip_address": "203.0.113.9", "status": "DOWN", "port_id": None}
    address = to_address(REGION, {**shown, **changes})
    assert (address.attributes["attached_to"], address.state) == (attached, state)


def test_a_floating_ip_with_port_forwardings_is_in_use() -> None:
    """Its port_id is null and its status DOWN."""
    forwardings = [
        {"protocol": "tcp", "internal_ip_address": "10.0.0.7", "internal_port_id": "p-1"},
        {"protocol": "tcp", "internal_ip_address": "10.0.0.8", "internal_port_id": "p-2"},
        {"protocol": "udp", "internal_ip_address": "10.0.0.8", "internal_port_id": "p-2"},
    ]
    shown = {"id": "f", "floating_ip_address": "203.0.113.9", "status": "DOWN", "port_id": None}
    address = to_address(REGION, {**shown, "port_forwardings": forwardings})
    assert address.state == ResourceState.IN_USE
    assert address.attributes["attached_to"] == ["p-1", "p-2"]
    assert address.attributes["private_address"] == "10.0.0.7"


def test_a_volume_at_a_host_is_attached_to_no_server() -> None:
    """The server's id is null then, which must not become a server "None"."""
    at_host = {"server_id": None, "host_name": "node-1", "device": "/dev/sdb"}
    disk = to_disk(REGION, {**VOLUME, "attachments": [at_host]})
    assert (disk.attributes["attached_to"], disk.attributes["device"]) == ([], "/dev/sdb")
    two = [{"server_id": "t", "device": "/dev/vdc"}, {"server_id": "s", "device": "/dev/vdb"}]
    shared = to_disk(REGION, {**VOLUME, "attachments": two})
    assert shared.attributes["attached_to"] == ["s", "t"]
    assert shared.attributes["device"] == "/dev/vdb"


def test_community_images_are_public_and_hidden_images_are_marked() -> None:
    shown = {"id": "i", "status": "active", "visibility": "community", "os_hidden": True}
    image = to_image(REGION, {**shown, "architecture": "aarch64"})
    assert (image.attributes["public"], image.attributes["hidden"]) == (True, True)
    assert image.attributes["architecture"] == "arm64"


def test_a_load_balancer_has_all_its_addresses_and_groups() -> None:
    balancer = to_load_balancer(REGION, LOAD_BALANCER)
    assert balancer.attributes["address"] == "10.0.0.9"
    assert balancer.attributes["addresses"] == ["10.0.0.9", "fd00::9", "10.1.0.9"]
    assert balancer.attributes["firewalls"] == [GROUP_ID, "group-2"]


@pytest.mark.parametrize(
    ("provisioning", "operating", "state"),
    [
        ("ACTIVE", "ONLINE", ResourceState.AVAILABLE),
        ("ACTIVE", "DEGRADED", ResourceState.DEGRADED),
        ("PENDING_UPDATE", "ONLINE", ResourceState.UPDATING),
        ("ERROR", "ERROR", ResourceState.ERROR),
    ],
)
def test_the_state_of_a_load_balancer_follows_from_both_statuses(
    provisioning: str, operating: str, state: ResourceState
) -> None:
    shown = {"id": "l", "name": "lb", "vip_address": "10.0.0.9", "provider": "amphora"}
    statuses = {"provisioning_status": provisioning, "operating_status": operating}
    balancer = to_load_balancer(REGION, {**shown, **statuses})
    assert balancer.state == state
    assert balancer.native_state == f"{provisioning} ({operating})"
