"""Converting servers of Nova to instances."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from providers.openstack.instances import require_reachable, to_instance
from providers.openstack.name_cache import Names
from providers.openstack.network_names import to_names, to_port_groups
from providers.openstack.states import to_native_state, to_state
from providers.openstack.tokens import to_server_tag
from skyclust.errors import Unavailable
from skyclust.model.instance import InstanceFailure, InstanceState
from tests.unit.openstack.servers import (
    GROUP_ID,
    IMAGE_ID,
    NETWORK_ID,
    PROJECT_ID,
    SERVER_ID,
    SUBNET_ID,
    VOLUME_ID,
    server,
)

NAMES = to_names(
    [{"id": NETWORK_ID, "name": "private", "project_id": PROJECT_ID, "shared": False}],
    [{"id": SUBNET_ID, "network_id": NETWORK_ID, "cidr": "10.0.0.0/24"}],
    [{"id": GROUP_ID, "name": "default", "project_id": PROJECT_ID}],
)


def test_a_server_becomes_an_instance() -> None:
    instance = to_instance("RegionOne", server(), NAMES)
    assert (instance.id, instance.name, instance.zone) == (SERVER_ID, "web-1", "az1")
    assert (instance.state, instance.native_state) == (InstanceState.RUNNING, "ACTIVE")
    assert (instance.type, instance.image) == ("m1.small", IMAGE_ID)
    assert (instance.network, instance.subnet) == (NETWORK_ID, SUBNET_ID)
    assert instance.private_addresses == ("10.0.0.7", "fd00::7")
    assert instance.public_addresses == ("203.0.113.9",)
    assert instance.tags == {"team": "shop"}
    assert instance.created_at == datetime(2026, 10, 3, 4, 1, 32, tzinfo=UTC)
    assert instance.attributes["firewalls"] == [GROUP_ID]
    assert instance.attributes["disks"] == [VOLUME_ID]
    assert instance.attributes["launched_at"] == "2026-10-03T04:02:08+00:00"
    assert (instance.attributes["platform"], instance.attributes["key"]) == ("ubuntu", "ops")


def test_a_server_of_an_old_nova_has_its_flavor_by_id() -> None:
    old = server(flavor={"id": "2", "links": []})
    assert to_instance("RegionOne", old, Names(), {"2": "m1.small"}).type == "m1.small"
    assert to_instance("RegionOne", old, Names(), {}).type == "2"


def test_a_server_whose_flavor_was_deleted_has_no_type() -> None:
    """Before 2.47 Nova reports an empty object then."""
    assert to_instance("RegionOne", server(flavor={}), NAMES).type is None


def test_server_tags_are_tags_without_a_value() -> None:
    """The server tag by which SkyClust identifies its servers is left out."""
    tagged = server(tags=["gold", "team", to_server_tag("t-1")])
    assert to_instance("RegionOne", tagged, NAMES).tags == {"gold": "", "team": "shop"}


def test_all_interfaces_are_listed_and_only_global_ipv6_is_public() -> None:
    names = to_names(
        [
            {"id": "n1", "name": "front", "project_id": PROJECT_ID},
            {"id": "n2", "name": "back", "project_id": PROJECT_ID},
        ],
        [
            {"id": "s4", "network_id": "n1", "cidr": "10.0.0.0/24"},
            {"id": "s6", "network_id": "n1", "cidr": "2a00:1450:4001::/64"},
            {"id": "sb", "network_id": "n2", "cidr": "fd00:2::/64"},
        ],
        [],
    )

    def one(address: str, mac: str, kind: str = "fixed") -> dict[str, object]:
        return {
            "addr": address,
            "version": 6 if ":" in address else 4,
            "OS-EXT-IPS:type": kind,
            "OS-EXT-IPS-MAC:mac_addr": mac,
        }

    addresses = {
        "front": [
            one("2a00:1450:4001::7", "m1"),
            one("10.0.0.7", "m1"),
            one("192.0.2.9", "m1", "floating"),
            one("10.0.0.8", "m2"),
        ],
        "back": [one("fd00:2::7", "m3"), one("fe80::7", "m3")],
    }
    instance = to_instance("RegionOne", server(addresses=addresses, security_groups=[]), names)
    assert instance.private_addresses == ("10.0.0.7", "10.0.0.8", "fd00:2::7", "fe80::7")
    assert instance.public_addresses == ("192.0.2.9", "2a00:1450:4001::7")
    assert (instance.network, instance.subnet) == ("n1", "s6")
    assert instance.attributes["interfaces"] == [
        {
            "network": "n1",
            "subnet": "s6",
            "private_addresses": ["10.0.0.7"],
            "public_addresses": ["192.0.2.9", "2a00:1450:4001::7"],
        },
        {
            "network": "n1",
            "subnet": "s4",
            "private_addresses": ["10.0.0.8"],
            "public_addresses": [],
        },
        {
            "network": "n2",
            "subnet": "sb",
            "private_addresses": ["fd00:2::7", "fe80::7"],
            "public_addresses": [],
        },
    ]


def test_an_ambiguous_group_name_is_resolved_by_the_ports() -> None:
    """The attribute has ids: a name in place of one would refer to nothing."""
    twice = to_names(
        [],
        [],
        [
            {"id": "g1", "name": "default", "project_id": PROJECT_ID},
            {"id": "g2", "name": "default", "project_id": PROJECT_ID},
        ],
    )
    assert to_instance("RegionOne", server(), twice).attributes["firewalls"] is None
    ports = to_port_groups([{"device_id": SERVER_ID, "security_groups": ["g2"]}])
    known = replace(twice, port_groups=ports)
    assert to_instance("RegionOne", server(), known).attributes["firewalls"] == ["g2"]
    bare = server()
    del bare["security_groups"]
    assert to_instance("RegionOne", bare, known).attributes["firewalls"] == []


def test_a_server_that_boots_from_a_volume_has_no_image() -> None:
    assert to_instance("RegionOne", server(image=""), NAMES).image is None


def test_a_fixed_address_of_a_public_range_is_public() -> None:
    direct = {"provider": [{"addr": "51.15.0.7", "version": 4, "OS-EXT-IPS:type": "fixed"}]}
    instance = to_instance("RegionOne", server(addresses=direct), NAMES)
    assert instance.private_addresses == ()
    assert instance.public_addresses == ("51.15.0.7",)
    assert instance.network is None


def test_an_ambiguous_network_name_has_no_id() -> None:
    twice = to_names(
        [
            {"id": "a", "name": "private", "project_id": PROJECT_ID},
            {"id": "b", "name": "private", "project_id": PROJECT_ID},
            {"id": "c", "name": "office", "project_id": "other", "shared": True},
        ],
        [],
        [],
    )
    assert twice.network(PROJECT_ID, "private") is None
    assert twice.network(PROJECT_ID, "office") == "c"


@pytest.mark.parametrize(
    ("message", "failure"),
    [
        ("No valid host was found. There are not enough hosts available.", "capacity"),
        ("Exceeded maximum number of retries. Exhausted all hosts available", "capacity"),
        ("Build of instance x aborted: No fixed IP addresses available for network: n", "capacity"),
        ("Insufficient compute resources: Free memory 512.00 MB < requested 2048 MB.", "capacity"),
        ("VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded", "quota"),
        ("Maximum number of ports exceeded", "quota"),
        ("Quota exceeded for cores", "quota"),
        ("Build of instance x aborted: Volume did not finish being created", None),
    ],
)
def test_a_failed_build_has_a_reason(message: str, failure: str | None) -> None:
    failed = server(status="ERROR", fault={"message": message, "code": 500})
    instance = to_instance("RegionOne", failed, NAMES)
    assert instance.state is InstanceState.ERROR
    assert instance.state_reason == message
    assert instance.failure == (InstanceFailure(failure) if failure else None)


def test_a_running_server_has_no_failure() -> None:
    recovered = server(fault={"message": "No valid host was found.", "code": 500})
    assert to_instance("RegionOne", recovered, NAMES).failure is None


@pytest.mark.parametrize(
    ("status", "task", "state"),
    [
        ("BUILD", "spawning", InstanceState.PENDING),
        ("ACTIVE", None, InstanceState.RUNNING),
        ("ACTIVE", "image_uploading", InstanceState.RUNNING),
        ("ACTIVE", "powering-off", InstanceState.STOPPING),
        ("ACTIVE", "deleting", InstanceState.DELETING),
        ("SHUTOFF", None, InstanceState.STOPPED),
        ("SHUTOFF", "powering-on", InstanceState.PENDING),
        ("SHELVED_OFFLOADED", None, InstanceState.STOPPED),
        ("SHELVED_OFFLOADED", "unshelving", InstanceState.PENDING),
        ("VERIFY_RESIZE", None, InstanceState.UPDATING),
        ("VERIFY_RESIZE", "deleting", InstanceState.DELETING),
        ("ERROR", None, InstanceState.ERROR),
        ("ERROR", "deleting", InstanceState.DELETING),
        ("PAUSED", None, InstanceState.SUSPENDED),
        ("SOFT_DELETED", None, InstanceState.DELETED),
        ("BRAND_NEW", None, InstanceState.UPDATING),
    ],
)
def test_the_state_follows_from_status_and_task_state(
    status: str, task: str | None, state: InstanceState
) -> None:
    assert to_state(status, task) is state
    assert status in to_native_state(status, task)


def test_a_partial_server_of_a_down_cell_is_refused() -> None:
    partial = {"id": SERVER_ID, "status": "UNKNOWN", "tenant_id": PROJECT_ID}
    with pytest.raises(Unavailable, match="cell"):
        require_reachable(partial, "list instance in RegionOne")
    require_reachable(server(status="UNKNOWN"), "list instance in RegionOne")
    nameless = server(status="UNKNOWN")
    del nameless["name"]
    require_reachable(nameless, "list instance in RegionOne")
