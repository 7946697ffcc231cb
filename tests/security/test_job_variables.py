"""Somebody who has the auth string, and asks a worker to run something else than our flows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import httpx
import pytest
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker

from deployments.work_pools import WORK_POOL
from skyclust.embedded.job_template import locked_template, openings
from skyclust.embedded.run_obstacles import opened
from tests.fixtures.installation import CommandLine
from tests.fixtures.prefect import PrefectServer
from tests.fixtures.prefect_api import patient_client
from tests.integration.runtime.bootstrapping import bootstrap, ok

DEPLOYMENT: Final = "/deployments/name/recover-operations/recover-operations"

HOSTILE: Final[dict[str, Any]] = {
    "command": "touch /tmp/never",
    "env": {"PYTHONPATH": "/tmp/never", "PYTHONSTARTUP": "/tmp/never.py"},
    "env.PYTHONPATH": "/tmp/never",
    "working_dir": "/tmp",
    "name": "{{ ctx.flow_run.parameters }}",
    "labels": {"a": "b"},
    "stream_output": False,
    "$ref": "9f5b4d64-4b1e-4d36-a1c8-0d5a3b6e0a11",
    "__prefect_kind": "jinja",
    "template": "{{ 7 * 7 }}",
    "job_configuration": {"command": "touch /tmp/never"},
}


def _configured(template: dict[str, Any], values: dict[str, Any]) -> ProcessJobConfiguration:
    made = ProcessJobConfiguration.from_template_and_values(
        base_job_template=template, values=values, client=cast("Any", object())
    )
    configured: ProcessJobConfiguration = asyncio.run(made)
    return configured


def test_prefects_own_template_runs_what_a_run_says() -> None:
    """What the locked one is for: should this end, so can our template."""
    own = ProcessWorker.get_default_base_job_template()

    configured = _configured(own, {"command": "touch /tmp/never", "env": {"A": "1"}})

    assert (configured.command, configured.env) == ("touch /tmp/never", {"A": "1"})
    assert openings(own) == ["command", "env", "labels", "name", "stream_output", "working_dir"]


@pytest.mark.parametrize("values", [HOSTILE, *({key: one} for key, one in HOSTILE.items())])
def test_nothing_of_a_run_reaches_its_process(values: dict[str, Any]) -> None:
    configured = _configured(locked_template(), values)

    assert configured == _configured(locked_template(), {})
    assert configured.command is None
    assert (configured.env, configured.labels, configured.name) == ({}, {}, None)
    assert (configured.working_dir, configured.stream_output) == (None, True)


def test_every_change_of_the_template_is_an_opening() -> None:
    assert openings(locked_template()) == []
    changes: tuple[dict[str, Any], ...] = (
        {"variables": {}},
        {"variables": {"type": "object", "properties": {}}},
        {"variables": {"type": "object", "properties": {"env": {}}, "additionalProperties": False}},
        {"job_configuration": locked_template()["job_configuration"] | {"env": {}}},
        {"job_configuration": locked_template()["job_configuration"] | {"command": "id"}},
        {"more": 1},
    )
    for change in changes:
        assert openings(locked_template() | change), change
    assert openings({}) != []


@pytest.mark.integration
def test_the_server_refuses_job_variables(api: httpx.Client) -> None:
    deployment = ok(api.get(DEPLOYMENT))
    create = f"/deployments/{deployment['id']}/create_flow_run"
    for name, value in HOSTILE.items():
        hostile = {"job_variables": {name: value}}
        run = api.post(create, json=hostile)
        made = api.post("/deployments/", json=_deployment(deployment) | hostile)
        assert (run.status_code, made.status_code) == (422, 422), run.text + made.text
        assert "Additional properties are not allowed" in run.text


@pytest.mark.integration
def test_a_deployment_that_somebody_gave_job_variables_is_told_and_cleaned(
    api: httpx.Client, prefect_server: PrefectServer
) -> None:
    """Prefect looks at them when a deployment is made, and not when it is changed."""
    deployment = ok(api.get(DEPLOYMENT))
    ok(api.patch(f"/deployments/{deployment['id']}", json={"job_variables": {"command": "id"}}))

    run = api.post(f"/deployments/{deployment['id']}/create_flow_run", json={})
    told = opened(prefect_server.api_url, WORK_POOL)
    said = bootstrap()

    assert run.status_code == 422
    assert len(told) == 1
    assert "recover-operations has job variables (command)" in told[0]
    assert [one for one in said if one.startswith("closed: deployment recover-operations/")]
    assert opened(prefect_server.api_url, WORK_POOL) == []
    assert ok(api.get(DEPLOYMENT))["job_variables"] == {}


def _deployment(like: dict[str, Any]) -> dict[str, Any]:
    return {"name": "hostile", "flow_id": like["flow_id"], "work_pool_name": WORK_POOL}


@pytest.mark.integration
def test_an_open_template_is_closed_and_told(api: httpx.Client) -> None:
    """As an earlier version applied it, and somebody added to it."""
    pool, deployment = f"/work_pools/{WORK_POOL}", ok(api.get(DEPLOYMENT))
    open_template = ProcessWorker.get_default_base_job_template()
    env = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30", "HTTPS_PROXY": "http://proxy.example"}
    open_template["variables"]["properties"]["env"]["default"] = env
    ok(api.patch(pool, json={"base_job_template": open_template, "concurrency_limit": 7}))
    variables = {"job_variables": {"command": "id"}}
    ok(api.patch(f"/deployments/{deployment['id']}", json=variables))

    said = bootstrap()
    again = bootstrap()
    after = ok(api.get(pool))

    assert after["base_job_template"] == locked_template()
    assert after["concurrency_limit"] == 7, "what opens nothing is theirs"
    assert ok(api.get(DEPLOYMENT))["job_variables"] == {}
    [line] = [one for one in said if one.startswith(f"closed: work pool {WORK_POOL}")]
    assert "command, env" in line
    assert "Set HTTPS_PROXY in the environment of the workers" in line
    [also] = [one for one in said if one.startswith("closed: deployment")]
    assert "job variables command" in also
    assert not [one for one in again if one.startswith("closed:")]


@pytest.fixture
def owner(installed: CommandLine) -> Iterator[httpx.Client]:
    with patient_client(installed) as client:
        yield client


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.timeout(600)
def test_a_run_that_the_server_did_not_check_does_not_run_it_either(
    installed: CommandLine, owner: httpx.Client, tmp_path: Path
) -> None:
    """`POST /flow_runs/` takes job variables of any kind."""
    marks, code = tmp_path / "marks", tmp_path / "code"
    marks.mkdir()
    code.mkdir()
    body = (
        f"import os, sys; open('{marks}/' + os.path.basename(__file__), 'w').write(str(sys.argv))"
    )
    for name in ("sitecustomize.py", "usercustomize.py", "startup.py"):
        (code / name).write_text(body)
    env = {"PYTHONPATH": str(code), "PYTHONSTARTUP": str(code / "startup.py"),
           "PYTHONUSERBASE": str(code), "PREFECT_LOGGING_LEVEL": "DEBUG"}  # fmt: skip
    hostile = {
        "command": f"touch {marks}/command",
        "env": env,
        "env.PYTHONPATH": str(code),
        "working_dir": str(code),
    }
    deployment = ok(owner.get(DEPLOYMENT))
    run = {
        "name": "hostile",
        "flow_id": deployment["flow_id"],
        "deployment_id": deployment["id"],
        "work_pool_name": WORK_POOL,
        "work_queue_name": "default",
        "parameters": {},
        "state": {"type": "SCHEDULED"},
        "job_variables": hostile,
    }

    made = ok(owner.post("/flow_runs/", json=run))
    ended = _ended(owner, made["id"])

    assert ended["job_variables"]["command"] == hostile["command"], "it got past the server"
    assert ended["state_type"] == "COMPLETED", ended["state"]
    assert list(marks.iterdir()) == []


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.timeout(600)
def test_a_pool_that_somebody_opened_is_told_by_status_and_closed_by_up(
    installed: CommandLine, owner: httpx.Client
) -> None:
    template = ProcessWorker.get_default_base_job_template()
    ok(owner.patch(f"/work_pools/{WORK_POOL}", json={"base_job_template": template}))

    status = installed("status", "--json")
    up = installed("up", "--detach")
    after = ok(owner.get(f"/work_pools/{WORK_POOL}"))

    assert status.returncode == 7
    assert "choose what a worker starts" in status.stdout
    assert '"state": "open"' in status.stdout
    assert up.returncode == 0, up.stderr
    assert f"closed: work pool {WORK_POOL}: runs could set command, env" in up.stderr
    assert after["base_job_template"] == locked_template()


def _ended(owner: httpx.Client, run: str) -> Any:
    end = time.monotonic() + 240
    while True:
        found = ok(owner.get(f"/flow_runs/{run}"))
        if found["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}:
            return found
        assert time.monotonic() < end, found["state"]
        time.sleep(1)
