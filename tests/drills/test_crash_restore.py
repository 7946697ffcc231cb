"""Crash drill of snapshots: killed around every call of the cloud, on AWS.

A restore on AWS is many calls that make, mark, detach, attach and delete volumes, one step a
call of the contract. Wherever the process dies, the recovery goes on from there: the machine
has its disks as the snapshot has them, runs again, and nothing is left over.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from skyclust.contract import SnapshotProvider
from skyclust.model.instance import InstanceState
from skyclust.model.operation import OperationState
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState
from skyclust.orchestration.runs import run_here
from skyclust.store.engine import Store
from tests.conformance.aws import AwsHarness
from tests.drills.clouds import Cloud, open_cloud
from tests.drills.dying import Child, mark_crashed, open_slots
from tests.fixtures.sampling import sampled
from tests.flows.memory import quick_polls

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

TAKING = ("before create_snapshot #1", "after create_snapshot #1", "after list_snapshots #1")
RESTORING = (
    "after stop_instance #1",
    "before restore_snapshot #1",
    "after restore_snapshot #1",
    "after restore_snapshot #2",
    "before restore_snapshot #4",
    "before start_instance #1",
    "after start_instance #1",
)
CORE = frozenset(
    {
        "after create_snapshot #1",
        "after restore_snapshot #1",
        "before restore_snapshot #4",
    }
)
RANDOM_CROSSINGS = 2


@pytest.fixture
def aws(
    request: pytest.FixtureRequest, drill_store: Store, monkeypatch: pytest.MonkeyPatch
) -> Cloud:
    quick_polls(monkeypatch)
    opened = open_cloud("aws", drill_store, request, "sandbox")
    open_slots(opened.credential)
    return opened


def chosen(crossings: Sequence[str]) -> list[str]:
    """Return the core of the crossings and a random sample of the rest."""
    return sampled(crossings, CORE.__contains__, RANDOM_CROSSINGS)


def killed(aws: Cloud, parameters: dict[str, Any], where: str, folder: Path) -> None:
    """Let a run die at a crossing, and bring everything in order again."""
    log = folder / where.replace(" ", "-")
    child = Child("change-instance", parameters, log, kill_at=where)
    assert child.wait() == -signal.SIGKILL, f"{where}: {child.output()}"
    mark_crashed()
    outcome = run_here("recover-operations", {})
    assert outcome.state_type == "COMPLETED", f"{where}: {outcome.message}"
    newest = aws.asked("web")[0]
    assert newest.state is OperationState.SUCCEEDED, f"{where}: {newest.error}"


def asking(aws: Cloud, action: str, snapshot: str) -> dict[str, Any]:
    parameters = {"action": action, "instance": "web", "snapshot": snapshot}
    return parameters | {"credential": aws.credential, "region": aws.region}


def snapshots(aws: Cloud, machine: str) -> Sequence[InstanceSnapshot]:
    provider = aws.provider
    assert isinstance(provider, SnapshotProvider)
    return provider.list_snapshots(aws.region, machine)


def test_a_snapshot_is_taken_once_whatever_call_is_cut_off(aws: Cloud, tmp_path: Path) -> None:
    machine = aws.make("web").id
    for number, where in enumerate(chosen(TAKING), start=1):
        killed(aws, asking(aws, "snapshot", f"kept-{number}"), where, tmp_path)
        taken = snapshots(aws, machine)
        assert [one.name for one in taken] == [f"kept-{n}" for n in range(1, number + 1)], where
        assert {one.state for one in taken} == {SnapshotState.AVAILABLE}, where


def test_a_machine_is_put_back_wholly_whatever_call_is_cut_off(aws: Cloud, tmp_path: Path) -> None:
    harness = aws.harness
    assert isinstance(harness, AwsHarness)
    machine = aws.make("web").id
    harness.write_disks(machine, "kept")
    taken = run_here("change-instance", asking(aws, "snapshot", "good"))
    assert taken.succeeded, taken.message
    owned = len(harness.resource_ids())
    for where in chosen(RESTORING):
        harness.write_disks(machine, "lost")
        assert set(harness.read_disks(machine)) == {"lost"}
        killed(aws, asking(aws, "restore", "good"), where, tmp_path)
        assert set(harness.read_disks(machine)) == {"kept"}, where
        assert aws.provider.get_instance(aws.region, machine).state is InstanceState.RUNNING, where
        assert len(harness.resource_ids()) == owned, where
        assert [one.name for one in snapshots(aws, machine)] == ["good"], where
