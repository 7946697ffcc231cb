"""The journal names who requested a change, not only the run that made it."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client

from flows.provision_instances import provision_instances
from skyclust.orchestration.requester import REQUESTED_BY
from skyclust.orchestration.runs import run_here, trigger
from tests.flows.conftest import Installation
from tests.flows.test_runs import deploy, execute

pytestmark = pytest.mark.integration


def test_a_run_in_this_process_is_of_its_user(installation: Installation) -> None:
    outcome = run_here("provision-instances", installation.provision())
    assert outcome.succeeded, outcome.message
    [operation] = installation.operations()
    assert operation.requested_by == f"user:{os.getuid()}"
    assert operation.run_id == outcome.run_id


def test_a_triggered_run_is_of_whoever_triggered_it(
    installation: Installation, tmp_path: Path
) -> None:
    run_id = trigger(deploy(provision_instances), installation.provision())
    with get_client(sync_client=True) as client:
        assert client.read_flow_run(UUID(run_id)).labels[REQUESTED_BY] == f"user:{os.getuid()}"
    execute(run_id, tmp_path)
    [operation] = installation.operations()
    assert (operation.run_id, operation.requested_by) == (run_id, f"user:{os.getuid()}")


def test_a_run_that_prefect_knows_no_requester_of_says_so(
    installation: Installation, tmp_path: Path
) -> None:
    """Somebody pressed Run in the Prefect UI, which keeps no names."""
    name = deploy(provision_instances)
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(name)
        run = client.create_flow_run_from_deployment(
            deployment.id, parameters=installation.provision()
        )
    execute(str(run.id), tmp_path)
    [operation] = installation.operations()
    assert operation.requested_by == "prefect"
