"""Runs are asked for with what their forms take, once, of a server that is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.change_instance import change_instance
from flows.sync_inventory import sync_inventory
from skyclust.errors import ConfigurationError, InvalidRequest, NotFound, Timeout, Unavailable
from skyclust.orchestration.client import server_errors
from skyclust.orchestration.flow_parameters import form_of
from skyclust.orchestration.run_lookup import find_run
from skyclust.orchestration.runs import (
    ENTRYPOINTS,
    RunUpdate,
    follow,
    idempotency_key,
    run_here,
    trigger,
)
from tests.fixtures.prefect import PrefectServer, free_port
from tests.flows.conftest import REGION, Installation, read_run

pytestmark = pytest.mark.integration


def deploy(flow: Any) -> str:
    """Make a deployment that no worker serves and return its name."""
    name = f"test-{uuid4().hex[:8]}"
    with get_client(sync_client=True) as client:
        client.create_deployment(
            flow_id=client.create_flow(flow),
            name=name,
            entrypoint=ENTRYPOINTS[flow.name],
            parameter_openapi_schema=form_of(flow),
            enforce_parameter_schema=True,
        )
    return f"{flow.name}/{name}"


def execute(run_id: str, folder: Path) -> None:
    """Run a flow run in a process and an empty folder of its own, as a worker does."""
    subprocess.run(
        [sys.executable, "-m", "prefect", "flow-run", "execute", run_id],
        env=dict(os.environ),
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=90,
    )


def test_a_triggered_run_is_followed_to_its_end(installation: Installation, tmp_path: Path) -> None:
    request = {"credentials": [installation.credential], "regions": [REGION]}
    run_id = trigger(deploy(sync_inventory), request, tags=["by-hand"])
    with pytest.raises(Timeout, match="still Scheduled"):
        follow(run_id, on_update=lambda update: None, timeout=0)
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    execute(run_id, workspace)
    updates: list[RunUpdate] = []
    outcome = follow(run_id, on_update=updates.append, timeout=30)

    assert outcome.succeeded, outcome.message
    assert outcome.url.endswith(f"/v2/runs/flow-run/{run_id}")
    assert outcome.tables["inventory-scopes-default"]
    assert updates[-1].state_name == "Completed"
    assert {"by-hand", "workspace:default", "provider:aws"} <= set(read_run(run_id).tags)


def test_a_recent_run_is_found_by_how_its_id_begins(prefect_server: PrefectServer) -> None:
    run_id = trigger(deploy(sync_inventory), {})
    for given in (run_id, run_id[:13], run_id[:8]):
        assert find_run(given).update.run_id == run_id
    for unknown in ("ffffffffff", "no-run", run_id[:3], ""):
        with pytest.raises(NotFound):
            find_run(unknown)


def test_a_key_makes_one_run_of_one_request(prefect_server: PrefectServer) -> None:
    deployment = deploy(sync_inventory)
    parameters: dict[str, Any] = {"regions": ["a"]}
    key = idempotency_key(deployment, parameters)
    first = trigger(deployment, parameters, idempotency_key=key)
    assert trigger(deployment, parameters, idempotency_key=key) == first

    other: dict[str, Any] = {"regions": ["b"]}
    assert idempotency_key(deployment, other) != key
    assert idempotency_key(deployment, parameters, nonce="again") != key


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"action": "stop", "instance": "web", "force": True}, "no parameter 'force'"),
        ({"action": "explode", "instance": "web"}, "parameter 'action'"),
        ({"action": "stop"}, "'instance' is a required property"),
        ({"request": {"action": "stop", "instance": "web"}}, "no parameter 'request'"),
        ({}, "'action' is a required property"),
    ],
)
def test_what_the_form_does_not_take_is_refused(
    prefect_server: PrefectServer, parameters: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidRequest, match=told):
        trigger(deploy(change_instance), parameters)


def test_a_deployment_or_run_that_is_not_there_is_said_so(prefect_server: PrefectServer) -> None:
    with pytest.raises(NotFound, match="no deployment 'sync-inventory/nowhere'"):
        trigger("sync-inventory/nowhere", {})
    with pytest.raises(NotFound, match="no flow run"):
        follow(str(uuid4()), on_update=lambda update: None, timeout=1)


def test_a_server_that_does_not_answer_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_CLIENT_MAX_RETRIES", "0")
    nowhere = f"http://127.0.0.1:{free_port()}/api"
    with (
        temporary_settings(updates={PREFECT_API_URL: nowhere}),
        pytest.raises(Unavailable, match="cannot be reached"),
    ):
        run_here("sync-inventory", {})


def test_a_server_that_is_gone_when_a_flow_begins_is_said_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PREFECT_CLIENT_MAX_RETRIES", "0")
    nowhere = f"http://127.0.0.1:{free_port()}/api"
    with (
        temporary_settings(updates={PREFECT_API_URL: nowhere}),
        pytest.raises(Unavailable, match="cannot be reached"),
        server_errors(),
    ):
        sync_inventory(return_state=True)


def test_no_hidden_server_is_ever_started() -> None:
    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(ConfigurationError, match="No Prefect server is configured"),
    ):
        run_here("sync-inventory", {})
