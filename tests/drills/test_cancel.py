"""Cancel drill: a run is killed at its crossings because it was cancelled, and leaves nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prefect.states import Cancelled

from skyclust.model.operation import OperationState
from skyclust.orchestration.runs import run_here
from tests.drills.dying import crossings_of, end_runs, killed_at, open_slots, sampled_crossings
from tests.fixtures.sampling import ALL
from tests.flows.conftest import Installation

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]


@pytest.mark.parametrize("installation", ["sqlite", "postgresql"], indirect=True)
def test_a_create_cancelled_and_killed_leaves_no_machine(
    installation: Installation, tmp_path: Path
) -> None:
    open_slots(installation.credential)
    ends: list[OperationState | None] = []

    def parameters(name: str) -> dict[str, Any]:
        return installation.provision(spec={"name": name})

    def check(name: str, where: str) -> None:
        end_runs(Cancelled(message="killed"))
        outcome = run_here("recover-operations", {})
        assert outcome.state_type == "COMPLETED", f"{where}: {outcome.message}"
        journalled = [one for one in installation.operations() if one.subject_name == name]
        end = journalled[0].state if journalled else None
        there = name in installation.cloud_names()
        known = name in installation.machines()
        assert there == known == (end is OperationState.SUCCEEDED), f"{where}: {end}"
        ends.append(end)

    crossings = crossings_of("provision-instances", parameters("whole"), tmp_path / "whole")
    chosen = sampled_crossings(crossings, at_random=4)
    killed_at(chosen, "provision-instances", parameters, check, tmp_path)

    # Only what was over before the kill is there.
    assert set(ends) >= {OperationState.ROLLED_BACK, OperationState.SUCCEEDED}
    assert ends.count(OperationState.ROLLED_BACK) >= (6 if ALL else 2)
    assert set(ends) <= {
        None,
        OperationState.CANCELLED,
        OperationState.ROLLED_BACK,
        OperationState.SUCCEEDED,
    }
    assert ends.index(OperationState.SUCCEEDED) > ends.index(OperationState.ROLLED_BACK)
