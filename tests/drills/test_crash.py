"""Crash drill: a process is killed at its crossings, and no machine is lost or doubled.

A crossing is the moment before or after a commit of the store or a call of the cloud
(`crossings`). After each kill the run is marked as crashed, as its worker
would mark it, and `recover_operations` has to bring everything in order.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from skyclust.orchestration.runs import run_here
from skyclust.security.keyring import load_keyring
from skyclust.security.user_data import seal_user_data
from skyclust.store import operations
from tests.drills.dying import (
    Child,
    crossings_of,
    killed_at,
    mark_crashed,
    open_slots,
    sampled_crossings,
)
from tests.fixtures.sampling import ALL, generator, sampled
from tests.flows.conftest import Installation

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

RANDOM_MOMENTS = 12 if ALL else 4
RANDOM_CROSSINGS = 3


@pytest.fixture(autouse=True)
def _slots_enough(installation: Installation) -> None:
    open_slots(installation.credential)


def recover(installation: Installation) -> None:
    mark_crashed()
    outcome = run_here("recover-operations", {})
    assert outcome.state_type == "COMPLETED", outcome.message
    open_still = [one for one in installation.operations() if not one.state.final]
    assert open_still == []


def check_provisioned(installation: Installation, names: list[str], killed_at: str) -> None:
    """Assert that exactly the requested instances are there, or nothing was journalled."""
    journalled = [one for one in installation.operations() if one.subject_name in names]
    there = sorted(set(names) & set(installation.cloud_names()))
    if not journalled:
        assert there == [], f"{killed_at}: a machine was made that the journal knows nothing of"
        return
    assert sorted(one.subject_name or "" for one in journalled) == names, killed_at
    assert there == names, f"{killed_at}: the cloud has {there}"
    assert len([n for n in installation.cloud_names() if n in names]) == len(names), killed_at
    known = installation.machines()
    assert {name: known.get(name) for name in names} == dict.fromkeys(names, "running"), killed_at


def provisioning(installation: Installation, name: str, count: int) -> dict[str, Any]:
    # Whoever carries it on opens the user data again, from the journal.
    user_data = seal_user_data(load_keyring(), "#cloud-config\npassword: drill\n", "default")
    return installation.provision(spec={"name": name, "user_data": user_data}, count=count)


def names_of(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}-{number}" for number in range(1, count + 1)]


def test_provisioning_killed_around_calls_and_commits(
    installation: Installation, tmp_path: Path
) -> None:
    def parameters(name: str) -> dict[str, Any]:
        return provisioning(installation, name, 1)

    def check(name: str, where: str) -> None:
        recover(installation)
        check_provisioned(installation, [name], where)

    crossings = crossings_of("provision-instances", parameters("whole"), tmp_path / "whole")
    assert {"before commit #5", "after create_instance #1", "before get_instance #1"} <= {
        *crossings
    }
    chosen = sampled_crossings(crossings, RANDOM_CROSSINGS)
    killed_at(chosen, "provision-instances", parameters, check, tmp_path)


def test_deleting_killed_around_calls_and_commits(
    installation: Installation, tmp_path: Path
) -> None:
    def parameters(name: str) -> dict[str, Any]:
        return {"action": "delete", "instance": name}

    def check(name: str, where: str) -> None:
        recover(installation)
        journalled = [
            one
            for one in installation.operations()
            if one.subject_name == name and one.kind == "delete"
        ]
        is_there = name in installation.cloud_names()
        assert is_there == (not journalled), where
        assert (name in installation.machines()) == is_there, where

    run_here("provision-instances", provisioning(installation, "whole", 1))
    crossings = crossings_of("change-instance", parameters("whole"), tmp_path / "whole")
    assert {"before commit #5", "after delete_instance #1"} <= {*crossings}
    chosen = sampled_crossings(crossings, RANDOM_CROSSINGS)
    # One machine for each crossing, named as `killed_at` names its runs.
    many = provisioning(installation, "change-instance", len(chosen))
    assert run_here("provision-instances", many).succeeded
    killed_at(chosen, "change-instance", parameters, check, tmp_path)


@pytest.mark.parametrize("installation", ["postgresql"], indirect=True)
def test_provisioning_killed_at_random_moments(installation: Installation, tmp_path: Path) -> None:
    moments = generator()
    whole = Child("provision-instances", provisioning(installation, "whole", 3), tmp_path / "whole")
    whole.come_to_first_crossing()
    began = time.monotonic()
    assert whole.wait() == 0, whole.output()
    at_work = time.monotonic() - began
    for number in range(RANDOM_MOMENTS):
        name = f"random-{number}"
        child = Child("provision-instances", provisioning(installation, name, 3), tmp_path / name)
        child.come_to_first_crossing()
        time.sleep(moments.uniform(0, at_work))
        child.kill()
        where = f"{name}, killed after {child.crossings()[-1:]}"
        recover(installation)
        check_provisioned(installation, names_of(name, 3), where)


@pytest.mark.parametrize(
    "crossing",
    sampled(
        ["before create_instance", "after create_instance", "before get_instance"],
        core=lambda crossing: crossing == "after create_instance",
        at_random=1,
    ),
)
def test_a_process_that_wakes_up_after_its_recovery_does_no_harm(
    installation: Installation, tmp_path: Path, crossing: str
) -> None:
    sleeper = Child(
        "provision-instances",
        provisioning(installation, "sleeper", 1),
        tmp_path / "sleeper",
        kill_at=f"{crossing} #1",
        signal=signal.SIGSTOP,
    )
    sleeper.stopped()
    recover(installation)
    check_provisioned(installation, ["sleeper"], f"asleep {crossing}")

    os.kill(sleeper.pid, signal.SIGCONT)
    sleeper.wait()
    check_provisioned(installation, ["sleeper"], f"awake again {crossing}")
    journalled = next(one for one in installation.operations() if one.subject_name == "sleeper")
    assert journalled.epoch == 2
    with installation.store.reading() as connection:
        lines = operations.entries(connection, "default", journalled.id)
    assert [line.epoch for line in lines] == sorted(line.epoch for line in lines)
    assert "taken over by" in sleeper.output()
