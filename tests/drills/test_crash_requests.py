"""Crash drill of adapters: killed at every request that may change something at the cloud.

The store's transactions and the contract's calls are crossed in `test_crash`, on AWS, whose
adapter makes a machine by one request. Here the requests of the others are cut off: before
the cloud has seen one, and after it was carried out. Whatever was made for a machine alone (an
interface, an address, a disk) counts as a lost machine.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from skyclust.orchestration.runs import run_here
from tests.drills.clouds import Cloud
from tests.drills.dying import crossings_of, killed_at, mark_crashed, open_slots, sampled_requests

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

RANDOM_REQUESTS = 2

pytestmark.append(
    pytest.mark.parametrize("cloud", ["azure", "gcp", "openstack", "proxmox"], indirect=True)
)


@pytest.fixture(autouse=True)
def _slots_enough(cloud: Cloud) -> None:
    open_slots(cloud.credential)


def recover(cloud: Cloud, name: str) -> None:
    mark_crashed()
    outcome = run_here("recover-operations", {})
    assert outcome.state_type == "COMPLETED", outcome.message
    assert [one.step for one in cloud.asked(name) if not one.state.final] == []


def test_a_machine_is_made_once_whatever_request_is_cut_off(cloud: Cloud, tmp_path: Path) -> None:
    before = list(cloud.harness.resource_ids())

    def check(name: str, where: str) -> None:
        recover(cloud, name)
        assert len(cloud.named(name)) == 1, where
        assert cloud.known(name) == ["running"], where
        cloud.remove(name)
        assert list(cloud.harness.resource_ids()) == before, where

    flow, log = "provision-instances", tmp_path / "whole"
    crossings = crossings_of(flow, cloud.provisioning("whole"), log, crossings_at="requests")
    check("whole", "not killed")
    assert {where.partition(" ")[0] for where in crossings} == {"before", "after"}
    chosen = sampled_requests(crossings, RANDOM_REQUESTS)
    killed_at(chosen, flow, cloud.provisioning, check, tmp_path, crossings_at="requests")


def test_a_machine_is_deleted_wholly_whatever_request_is_cut_off(
    cloud: Cloud, tmp_path: Path
) -> None:
    before = list(cloud.harness.resource_ids())

    def parameters(name: str) -> dict[str, object]:
        cloud.make(name)
        return cloud.deleting(name)

    def check(name: str, where: str) -> None:
        recover(cloud, name)
        if not cloud.asked(name):  # it was killed before it was written down
            assert len(cloud.named(name)) == 1, where
            cloud.remove(name)
        assert cloud.named(name) == [], where
        assert cloud.known(name) == [], where
        assert list(cloud.harness.resource_ids()) == before, where

    flow, log = "change-instance", tmp_path / "whole"
    crossings = crossings_of(flow, parameters("whole"), log, crossings_at="requests")
    check("whole", "not killed")
    assert len(crossings) >= 2
    chosen = sampled_requests(crossings, RANDOM_REQUESTS)
    killed_at(chosen, flow, parameters, check, tmp_path, crossings_at="requests")
