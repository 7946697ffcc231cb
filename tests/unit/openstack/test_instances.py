"""What a server of Nova is in our words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from providers.openstack.instances import refuse_unreachable, to_instance
from providers.openstack.networking import Names, to_names
from providers.openstack.states import to_native_state, to_state
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


def test_a_server_is_told_in_our_words() -> None:
    instance = to_instance("RegionOne", server(), NAMES)
    assert (instance.id, instance.name, instance.zone) == (SERVER_ID, "web-1", "az1")
    assert (instance.state, instance.native_state) == (InstanceState.RUNNING, "ACTIVE")
    assert (instance.type, instance.image) == ("m1.small", IMAGE_ID)
    assert (instance.network, instance.subnet) == (NETWORK_ID, SUBNET_ID)
    assert instance.private_addresses == ("10.0.0.7",)
    assert instance.public_addresses == ("203.0.113.9", "fd00::7")
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


def test_a_server_that_boots_from_a_volume_has_no_image() -> None:
    assert to_instance("RegionOne", server(image=""), NAMES).image is None


def test_an_address_that_leads_to_the_internet_by_itself_is_public() -> None:
    direct = {"provider": [{"addr": "51.15.0.7", "version": 4, "OS-EXT-IPS:type": "fixed"}]}
    instance = to_instance("RegionOne", server(addresses=direct), NAMES)
    assert instance.private_addresses == ()
    assert instance.public_addresses == ("51.15.0.7",)
    assert instance.network is None


def test_a_name_that_two_networks_have_stands_for_neither() -> None:
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
def test_a_failed_build_says_why(message: str, failure: str | None) -> None:
    failed = server(status="ERROR", fault={"message": message, "code": 500})
    instance = to_instance("RegionOne", failed, NAMES)
    assert instance.state is InstanceState.ERROR
    assert instance.state_reason == message
    assert instance.failure == (InstanceFailure(failure) if failure else None)


def test_a_server_that_works_has_no_failure() -> None:
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
def test_status_and_task_make_the_state(
    status: str, task: str | None, state: InstanceState
) -> None:
    assert to_state(status, task) is state
    assert status in to_native_state(status, task)


def test_half_a_server_of_a_silent_cell_is_refused() -> None:
    half = {"id": SERVER_ID, "status": "UNKNOWN", "tenant_id": PROJECT_ID}
    with pytest.raises(Unavailable, match="cell"):
        refuse_unreachable(half, "list instance in RegionOne")
    refuse_unreachable(server(status="UNKNOWN"), "list instance in RegionOne")
