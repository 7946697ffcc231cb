"""Mapping of instances."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from providers.gcp.compute import GcpCompute
from providers.gcp.instances import to_instance
from providers.gcp.state_errors import state_error
from skyclust.errors import Conflict, InvalidRequest, SkyClustError, UnexpectedAnswer
from skyclust.model.instance import InstanceState
from tests.unit.gcp.examples import HOME, INSTANCE


def test_an_instance_is_mapped_with_all_its_attributes() -> None:
    made = to_instance("europe-west3", INSTANCE)
    assert made.id == "europe-west3-a/web-1/4518372463289470163"
    assert (made.region, made.zone, made.name) == ("europe-west3", "europe-west3-a", "web-1")
    assert (made.state, made.native_state, made.type) == ("running", "RUNNING", "e2-medium")
    assert (made.network, made.subnet) == ("default", "europe-west3/default")
    assert made.private_addresses == ("10.156.0.5", "10.1.0.5")
    assert made.public_addresses == ("34.89.1.2", "2600:1900:40a0::1")
    assert made.tags == {"team": "shop", "skyclust-token": "t-1"}
    assert made.created_at == datetime(2026, 3, 2, 16, 15, 42, 123000, UTC)
    assert made.attributes == {
        "architecture": "x86_64",
        "disks": ["europe-west3-a/web-1", "europe-west3-a/data"],
        "identity": "web@acme.iam.gserviceaccount.com",
        "interfaces": [
            {
                "network": "default",
                "subnet": "europe-west3/default",
                "private_addresses": ["10.156.0.5"],
                "public_addresses": ["34.89.1.2", "2600:1900:40a0::1"],
                "alias_ranges": [],
            },
            {
                "network": "projects/host/global/networks/shared",
                "subnet": None,
                "private_addresses": ["10.1.0.5"],
                "public_addresses": [],
                "alias_ranges": [],
            },
        ],
        "launched_at": "2026-03-03T08:00:00+00:00",
        "lifecycle": "spot",
        "platform": "debian-12-bookworm",
    }


@pytest.mark.parametrize(
    ("native", "state"),
    [
        ("PROVISIONING", InstanceState.PENDING),
        ("STAGING", InstanceState.PENDING),
        ("PENDING", InstanceState.PENDING),
        ("PENDING_STOP", InstanceState.STOPPING),
        ("STOPPING", InstanceState.STOPPING),
        ("TERMINATED", InstanceState.STOPPED),
        ("STOPPED", InstanceState.STOPPED),
        ("SUSPENDING", InstanceState.SUSPENDED),
        ("SUSPENDED", InstanceState.SUSPENDED),
        ("REPAIRING", InstanceState.UPDATING),
        ("DEPROVISIONING", InstanceState.DELETING),
        ("SOMETHING_NEW", InstanceState.UPDATING),
    ],
)
def test_each_status_is_mapped_to_a_state(native: str, state: InstanceState) -> None:
    made = to_instance("europe-west3", {**INSTANCE, "status": native})
    assert (made.state, made.native_state) == (state, native)


@pytest.mark.parametrize(
    ("scheduling", "lifecycle"),
    [
        ({}, None),
        ({"preemptible": False}, "on-demand"),
        ({"provisioningModel": "STANDARD"}, "on-demand"),
        ({"preemptible": True}, "spot"),
        ({"provisioningModel": "RESERVATION_BOUND"}, "reservation-bound"),
    ],
)
def test_the_lifecycle_is_the_provisioning_model(
    scheduling: dict[str, Any], lifecycle: str | None
) -> None:
    made = to_instance("europe-west3", {**INSTANCE, "scheduling": scheduling})
    assert made.attributes["lifecycle"] == lifecycle


def test_a_single_interface_has_no_attribute_of_its_own() -> None:
    single = {**INSTANCE, "networkInterfaces": INSTANCE["networkInterfaces"][:1]}
    assert "interfaces" not in to_instance("europe-west3", single).attributes


def test_internal_ipv6_addresses_are_private_and_all_interfaces_are_listed() -> None:
    # https://cloud.google.com/compute/docs/ip-addresses/configure-ipv6-address
    network = f"{HOME}/global/networks/vpc"
    interfaces = [
        {
            "network": network,
            "networkIP": "10.0.0.2",
            "ipv6Address": "fd20:3d5:2a1:0:0:0:0:0",
            "ipv6AccessType": "INTERNAL",
            "internalIpv6PrefixLength": 96,
            "aliasIpRanges": [{"ipCidrRange": "10.8.0.0/24"}, {"ipCidrRange": "10.9.0.7/32"}],
        },
        {
            "network": network,
            "networkIP": "10.0.1.2",
            "accessConfigs": [{"natIP": "34.1.1.1"}],
            "ipv6AccessConfigs": [{"externalIpv6": "2600:1900:40a0::1"}],
            "aliasIpv6Ranges": [{"ipCidrRange": "2600:1900:40a0:0:0:8::/112"}],
        },
    ]
    made = to_instance("europe-west3", {**INSTANCE, "networkInterfaces": interfaces})
    assert made.private_addresses == ("10.0.0.2", "fd20:3d5:2a1:0:0:0:0:0", "10.0.1.2")
    assert made.public_addresses == ("34.1.1.1", "2600:1900:40a0::1")
    first, second = cast("list[dict[str, Any]]", made.attributes["interfaces"])
    assert first["alias_ranges"] == ["10.8.0.0/24", "10.9.0.7/32"]
    assert second == {
        "network": "vpc",
        "subnet": None,
        "private_addresses": ["10.0.1.2"],
        "public_addresses": ["34.1.1.1", "2600:1900:40a0::1"],
        "alias_ranges": ["2600:1900:40a0:0:0:8::/112"],
    }


def test_an_instance_without_a_required_field_is_unreadable() -> None:
    for key in ("id", "selfLink", "status", "machineType"):
        with pytest.raises(UnexpectedAnswer, match=key):
            to_instance("europe-west3", {**INSTANCE, key: None})


def test_a_label_with_a_null_value_is_left_out() -> None:
    made = to_instance("europe-west3", {**INSTANCE, "labels": {"team": None, "empty": ""}})
    assert made.tags == {"empty": ""}
    assert to_instance("europe-west3", {**INSTANCE, "labels": None}).tags == {}


def test_a_new_instance_may_lack_optional_fields() -> None:
    needed = ("id", "name", "machineType", "status", "zone", "selfLink")
    made = to_instance("europe-west3", {name: INSTANCE[name] for name in needed})
    assert (made.network, made.private_addresses, made.created_at) == (None, (), None)
    assert made.attributes["disks"] == []
    assert (made.attributes["launched_at"], made.attributes["lifecycle"]) == (None, None)


@pytest.mark.parametrize(
    ("native", "expected"),
    [
        ("STAGING", Conflict),
        ("STOPPING", Conflict),
        ("SUSPENDING", Conflict),
        ("REPAIRING", Conflict),
        ("TERMINATED", InvalidRequest),
        ("RUNNING", InvalidRequest),
    ],
)
def test_a_change_in_a_transitional_state_is_a_conflict(
    native: str, expected: type[SkyClustError]
) -> None:
    error = state_error(
        "europe-west3", {**INSTANCE, "status": native}, "x", InstanceState.SUSPENDED
    )
    assert type(error) is expected
    assert error.provider == "gcp"


def test_a_running_instance_must_stop_to_change_its_type() -> None:
    running = to_instance("europe-west3", INSTANCE)
    stopped = to_instance("europe-west3", {**INSTANCE, "status": "TERMINATED"})
    compute = GcpCompute()
    assert compute.must_stop_to_resize(running, "e2-small")
    assert not compute.must_stop_to_resize(running, "e2-medium")
    assert not compute.must_stop_to_resize(stopped, "e2-small")
