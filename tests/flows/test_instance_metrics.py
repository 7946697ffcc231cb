"""Instances that do little: their metrics are read with the costs, advised on, and acted upon."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from prefect.client.schemas.objects import StateType
from sqlalchemy import update

from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeKey
from skyclust.orchestration.runs import run_here
from skyclust.store.metric_tables import instance_metrics
from skyclust.store.tables import resource_versions
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.instance_use import UseKind, kind_of
from tests.flows.commands import Commands
from tests.flows.conftest import REGION, Installation, read_run
from tests.unit.store.inventory import sync

pytestmark = pytest.mark.integration

WANTED = {UseKind.IDLE, UseKind.SMALL, UseKind.SILENT}


@pytest.fixture
def command_line(
    installation: Installation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Commands:
    for name in ("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "30" if name.startswith("PREFECT") else "127.0.0.1,localhost")
    return Commands(capsys)


@pytest.fixture
def kinds(installation: Installation) -> dict[str, UseKind]:
    """Instances of every kind of use, a year old, by id; launched until there is one of each."""
    ec2 = boto3.client(
        "ec2",
        region_name=REGION,
        endpoint_url=installation.sandbox.endpoint,
        aws_access_key_id=installation.sandbox.access_key,
        aws_secret_access_key="any",
    )
    image = ec2.describe_images(Filters=[{"Name": "name", "Values": ["debian-12-*"]}])["Images"][0]
    found: dict[str, UseKind] = {}
    while not set(found.values()) >= WANTED:
        launched = ec2.run_instances(
            MinCount=10, MaxCount=10, ImageId=image["ImageId"], InstanceType="m6i.xlarge"
        )
        found |= {one["InstanceId"]: kind_of(one["InstanceId"]) for one in launched["Instances"]}
    see(installation, lambda states: set(states) == {"running"})
    with installation.store.writing() as connection:
        year_ago = datetime.now(UTC) - timedelta(days=365)
        connection.execute(update(resource_versions).values(created_at=year_ago))
    return found


def see(installation: Installation, good: Callable[[list[str | None]], bool]) -> None:
    """Wait until the states of the instances are good, and store them."""
    end = time.monotonic() + 30
    while True:
        pages = installation.provider().list_resources(REGION, ResourceKind.INSTANCE)
        instances = [one for page in pages for one in page]
        if good([one.state for one in instances]):
            break
        assert time.monotonic() < end
        time.sleep(0.2)
    key = ScopeKey(credential=installation.credential, region=REGION, kind=ResourceKind.INSTANCE)
    sync(installation.store, instances, key=key)


def collect(installation: Installation) -> tuple[StateType | None, str]:
    """Collect costs, and metrics with them; return the state and the message of the run."""
    parameters: dict[str, Any] = {
        "workspace": "default",
        "credentials": [installation.credential],
        "price_books": False,
    }
    run = read_run(run_here("collect-costs", parameters).run_id)
    return run.state_type, (run.state.message or "") if run.state else ""


def advice(command_line: Commands) -> dict[str, dict[str, Any]]:
    rules = ("--rule", "idle-instance", "--rule", "oversized-instance")
    return {one["resource_id"]: one for one in command_line.json("cost", "advise", *rules)}


def test_idle_and_oversized_instances_are_found_and_changed(
    installation: Installation, command_line: Commands, kinds: dict[str, UseKind]
) -> None:
    installation.sandbox.bill_sample(2)
    assert not advice(command_line)
    assert "no metrics of them were read yet" in command_line.said

    state, message = collect(installation)
    assert state is StateType.COMPLETED
    assert f"Metrics of {len(kinds)} instances read for " in message
    found = advice(command_line)
    rules = {UseKind.IDLE: "idle-instance", UseKind.SMALL: "oversized-instance"}
    assert {name: one["rule"] for name, one in found.items()} == {
        name: rules[kind] for name, kind in kinds.items() if kind in rules
    }
    silent = sum(kind is UseKind.SILENT for kind in kinds.values())
    reason = "because the cloud has no points of their metrics"
    both = "idle-instance and oversized-instance"
    assert f"Not assessed on aws: {silent} by {both}, {reason}" in command_line.said
    assert {one["saving"] for one in found.values()} == {None}

    idle = next(one for one in found.values() if one["rule"] == "idle-instance")
    large = next(one for one in found.values() if one["rule"] == "oversized-instance")
    assert idle["action"] == {"kind": "stop", "instance": idle["resource_id"]}
    assert large["action"]["type"] == "m6i.large"
    for one in (idle, large):
        command_line.run("cost", "advise", "apply", one["id"], "--yes", "--local")
    done = {one.subject_id: one.kind for one in installation.operations()}
    assert done == {idle["resource_id"]: "stop", large["resource_id"]: "resize"}
    assert installation.type_of(large["resource_id"]) == "m6i.large"
    left = advice(command_line)
    assert idle["resource_id"] not in left
    assert large["resource_id"] not in left


def test_a_refused_read_leaves_the_costs_whole_and_the_former_summary(
    installation: Installation, command_line: Commands, kinds: dict[str, UseKind]
) -> None:
    installation.sandbox.bill_sample(2)
    collect(installation)
    before = advice(command_line)
    with installation.store.writing() as connection:
        day_ago = datetime.now(UTC) - timedelta(days=1)
        connection.execute(update(instance_metrics).values(read_at=day_ago))
    installation.sandbox.inject(Fault(kind=FaultKind.DENY, action="GetMetricData"))
    state, message = collect(installation)
    assert state is StateType.COMPLETED
    assert f"of {len(kinds)} not: PermissionDenied: " in message
    assert advice(command_line) == before
    assert "the last read of their metrics failed: PermissionDenied" in command_line.said
