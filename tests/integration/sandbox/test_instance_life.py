"""The states of an instance, their duration, and the changes that each state refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from skyclust_sandbox.processes import start_sandbox, stop_sandbox
from tests.integration.sandbox.aws import (
    client,
    launch,
    launch_running,
    refusal,
    state_of,
    wait_for,
)

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import WaiterConfigTypeDef

pytestmark = pytest.mark.integration

UNKNOWN = "i-0123456789abcdef0"


@pytest.fixture
def stopped(ec2: EC2Client) -> str:
    instance_id = launch_running(ec2)
    ec2.stop_instances(InstanceIds=[instance_id])
    wait_for(ec2, instance_id, "stopped")
    return instance_id


@pytest.fixture
def terminated(ec2: EC2Client) -> str:
    instance_id = launch(ec2)["InstanceId"]
    ec2.terminate_instances(InstanceIds=[instance_id])
    wait_for(ec2, instance_id, "terminated")
    return instance_id


def test_a_launched_instance_is_pending_then_running(ec2: EC2Client) -> None:
    instance_id = launch(ec2)["InstanceId"]
    assert state_of(ec2, instance_id) == "pending"
    wait_for(ec2, instance_id, "running")


def test_a_stop_and_a_start_have_transition_states(ec2: EC2Client) -> None:
    instance_id = launch_running(ec2)
    [change] = ec2.stop_instances(InstanceIds=[instance_id])["StoppingInstances"]
    assert change["PreviousState"] == {"Code": 16, "Name": "running"}
    assert change["CurrentState"] == {"Code": 64, "Name": "stopping"}
    assert state_of(ec2, instance_id) == "stopping"
    wait_for(ec2, instance_id, "stopped")
    [change] = ec2.start_instances(InstanceIds=[instance_id])["StartingInstances"]
    assert change["PreviousState"] == {"Code": 80, "Name": "stopped"}
    assert change["CurrentState"] == {"Code": 0, "Name": "pending"}
    wait_for(ec2, instance_id, "running")


def test_a_termination_passes_through_shutting_down(ec2: EC2Client) -> None:
    instance_id = launch_running(ec2)
    [change] = ec2.terminate_instances(InstanceIds=[instance_id])["TerminatingInstances"]
    assert change["CurrentState"] == {"Code": 32, "Name": "shutting-down"}
    assert state_of(ec2, instance_id) == "shutting-down"
    wait_for(ec2, instance_id, "terminated")


def test_the_waiters_of_boto3_succeed(ec2: EC2Client) -> None:
    instance_id = launch(ec2)["InstanceId"]
    config: WaiterConfigTypeDef = {"Delay": 1, "MaxAttempts": 10}
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance_id], WaiterConfig=config)
    ec2.stop_instances(InstanceIds=[instance_id])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance_id], WaiterConfig=config)
    ec2.terminate_instances(InstanceIds=[instance_id])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance_id], WaiterConfig=config)


def test_a_stopped_instance_has_a_state_reason(ec2: EC2Client, stopped: str) -> None:
    described = ec2.describe_instances(InstanceIds=[stopped])["Reservations"][0]["Instances"][0]
    assert described["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert described["StateTransitionReason"].startswith("User initiated (")


def test_a_change_to_the_current_state_succeeds(ec2: EC2Client, stopped: str) -> None:
    [change] = ec2.stop_instances(InstanceIds=[stopped])["StoppingInstances"]
    assert change["CurrentState"]["Name"] == "stopped"
    running = launch_running(ec2)
    [change] = ec2.start_instances(InstanceIds=[running])["StartingInstances"]
    assert change["CurrentState"]["Name"] == "running"


def test_a_terminated_instance_can_be_terminated_again(ec2: EC2Client, terminated: str) -> None:
    [change] = ec2.terminate_instances(InstanceIds=[terminated])["TerminatingInstances"]
    assert change["CurrentState"]["Name"] == "terminated"


def test_a_terminated_instance_cannot_be_started_or_changed(
    ec2: EC2Client, terminated: str
) -> None:
    refused = ("IncorrectInstanceState", 400)
    assert refusal(ec2.start_instances, InstanceIds=[terminated]) == refused
    assert refusal(ec2.stop_instances, InstanceIds=[terminated]) == refused
    resize = {"InstanceId": terminated, "InstanceType": {"Value": "t3.small"}}
    assert refusal(ec2.modify_instance_attribute, **resize) == refused
    ec2.reboot_instances(InstanceIds=[terminated])  # ignored, as the API reference says
    assert state_of(ec2, terminated) == "terminated"


def test_a_transition_refuses_the_opposite_change(ec2: EC2Client) -> None:
    refused = ("IncorrectInstanceState", 400)
    instance_id = launch(ec2)["InstanceId"]
    assert refusal(ec2.stop_instances, InstanceIds=[instance_id]) == refused
    assert refusal(ec2.reboot_instances, InstanceIds=[instance_id]) == refused
    wait_for(ec2, instance_id, "running")
    ec2.stop_instances(InstanceIds=[instance_id])
    assert refusal(ec2.start_instances, InstanceIds=[instance_id]) == refused


def test_a_reboot_needs_a_running_instance(ec2: EC2Client, stopped: str) -> None:
    assert refusal(ec2.reboot_instances, InstanceIds=[stopped])[0] == "IncorrectInstanceState"
    running = launch_running(ec2)
    ec2.reboot_instances(InstanceIds=[running])
    assert state_of(ec2, running) == "running"


def test_one_instance_in_the_wrong_state_fails_the_whole_call(ec2: EC2Client) -> None:
    running = launch_running(ec2)
    pending = launch(ec2)["InstanceId"]
    both = [running, pending]
    assert refusal(ec2.stop_instances, InstanceIds=both)[0] == "IncorrectInstanceState"
    assert state_of(ec2, running) == "running"


def test_the_type_changes_only_while_stopped(ec2: EC2Client) -> None:
    instance_id = launch_running(ec2)
    resize: dict[str, Any] = {"InstanceId": instance_id, "InstanceType": {"Value": "t3.small"}}
    assert refusal(ec2.modify_instance_attribute, **resize) == ("IncorrectInstanceState", 400)
    ec2.stop_instances(InstanceIds=[instance_id])
    assert refusal(ec2.modify_instance_attribute, **resize) == ("IncorrectInstanceState", 400)
    wait_for(ec2, instance_id, "stopped")
    ec2.modify_instance_attribute(**resize)
    described = ec2.describe_instances(InstanceIds=[instance_id])
    assert described["Reservations"][0]["Instances"][0]["InstanceType"] == "t3.small"


@pytest.mark.parametrize("wrong", ["t3.nonsense", "t4g.micro"])
def test_an_invalid_type_is_refused(ec2: EC2Client, stopped: str, wrong: str) -> None:
    resize = {"InstanceId": stopped, "InstanceType": {"Value": wrong}}
    assert refusal(ec2.modify_instance_attribute, **resize) == ("InvalidParameterValue", 400)


def test_unknown_and_malformed_ids_have_different_errors(ec2: EC2Client) -> None:
    calls = (
        ec2.describe_instances,
        ec2.start_instances,
        ec2.stop_instances,
        ec2.reboot_instances,
        ec2.terminate_instances,
    )
    for call in calls:
        assert refusal(call, InstanceIds=[UNKNOWN]) == ("InvalidInstanceID.NotFound", 400)
        assert refusal(call, InstanceIds=["machine"]) == ("InvalidInstanceID.Malformed", 400)


def test_disks_are_deleted_by_delete_on_termination(ec2: EC2Client) -> None:
    data = [
        {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 10, "DeleteOnTermination": True}},
        {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 20}},
    ]
    instance_id = launch_running(ec2, BlockDeviceMappings=data)
    attached = ec2.describe_volumes()["Volumes"]
    assert sorted(disk["Size"] for disk in attached) == [8, 10, 20]  # 8 is the root disk
    assert {disk["State"] for disk in attached} == {"in-use"}
    ec2.terminate_instances(InstanceIds=[instance_id])
    wait_for(ec2, instance_id, "terminated")
    [remaining] = ec2.describe_volumes()["Volumes"]
    assert (remaining["Size"], remaining["State"]) == (20, "available")


def test_a_terminated_instance_leaves_no_disk_or_interface(ec2: EC2Client, terminated: str) -> None:
    assert state_of(ec2, terminated) == "terminated"
    assert ec2.describe_volumes()["Volumes"] == []
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


@pytest.fixture
def short_memory(tmp_path: Path) -> Iterator[EC2Client]:
    """An EC2 that removes terminated instances after 0.2 seconds."""
    options = ["--transition-seconds", "0", "--terminated-seconds", "0.2"]
    running = start_sandbox(tmp_path, clouds=["aws"], seed="empty", options=options)["aws"]
    yield client("ec2", running.endpoint)
    stop_sandbox(tmp_path)


def test_a_terminated_instance_disappears_from_lists(short_memory: EC2Client) -> None:
    instance_id = launch(short_memory, ClientToken="one")["InstanceId"]
    short_memory.terminate_instances(InstanceIds=[instance_id])
    assert state_of(short_memory, instance_id) == "terminated"
    time.sleep(0.3)
    gone = refusal(short_memory.describe_instances, InstanceIds=[instance_id])
    assert gone == ("InvalidInstanceID.NotFound", 400)
    assert short_memory.describe_instances()["Reservations"] == []
    # Its client token still returns it and creates no second instance.
    again = launch(short_memory, ClientToken="one")
    assert (again["InstanceId"], again["State"]["Name"]) == (instance_id, "terminated")
