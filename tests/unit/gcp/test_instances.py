"""What an instance of Compute Engine is in our words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from providers.gcp.changes import must_stop_to_resize, refusal
from providers.gcp.instances import to_instance
from skyclust.errors import Conflict, InvalidRequest, SkyClustError
from skyclust.model.instance import InstanceState
from tests.unit.gcp.examples import INSTANCE


def test_an_instance_is_told_whole() -> None:
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
def test_each_state_has_its_word(native: str, state: InstanceState) -> None:
    made = to_instance("europe-west3", {**INSTANCE, "status": native})
    assert (made.state, made.native_state) == (state, native)


@pytest.mark.parametrize(
    ("scheduling", "lifecycle"),
    [
        ({}, "on-demand"),
        ({"provisioningModel": "STANDARD"}, "on-demand"),
        ({"preemptible": True}, "spot"),
        ({"provisioningModel": "RESERVATION_BOUND"}, "reservation-bound"),
    ],
)
def test_the_way_of_paying_is_told(scheduling: dict[str, Any], lifecycle: str) -> None:
    made = to_instance("europe-west3", {**INSTANCE, "scheduling": scheduling})
    assert made.attributes["lifecycle"] == lifecycle


def test_an_instance_that_is_just_begun_has_little_to_tell() -> None:
    needed = ("id", "name", "machineType", "status", "zone", "selfLink")
    made = to_instance("europe-west3", {name: INSTANCE[name] for name in needed})
    assert (made.network, made.private_addresses, made.created_at) == (None, (), None)
    assert made.attributes["disks"] == []


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
def test_a_change_that_comes_too_early_may_be_tried_again(
    native: str, expected: type[SkyClustError]
) -> None:
    error = refusal("europe-west3", {**INSTANCE, "status": native}, "x", InstanceState.SUSPENDED)
    assert type(error) is expected
    assert error.provider == "gcp"


def test_only_a_stopped_instance_takes_another_type() -> None:
    running = to_instance("europe-west3", INSTANCE)
    stopped = to_instance("europe-west3", {**INSTANCE, "status": "TERMINATED"})
    assert must_stop_to_resize(running, "e2-small")
    assert not must_stop_to_resize(running, "e2-medium")
    assert not must_stop_to_resize(stopped, "e2-small")
