"""Applying everything to a server: as often as one likes, and never against an operator."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate, WorkPoolUpdate

from deployments.apply_automations import apply_automations
from deployments.apply_deployments import apply_deployments
from deployments.automations import RECOVERY
from deployments.bootstrap import apply_all
from deployments.limits import apply_limits
from deployments.prefect_yaml import Declared, prefect_file, read_declared
from deployments.work_pools import WORK_POOL, apply_work_pool
from skyclust.errors import ConfigurationError
from skyclust.orchestration.limits import OPERATIONS_AT_ONCE, credential_limit_name
from skyclust.store import credentials
from skyclust.store.engine import open_store
from tests.fixtures.prefect import PrefectServer
from tests.fixtures.prefect_api import ServerAuth

pytestmark = pytest.mark.integration

SYNC = "sync-inventory/sync-inventory"

# What differs each time something is written, whatever is written.
VOLATILE = {"id", "created", "updated", "last_polled", "status"}


@pytest.fixture
def applied(prefect_server: PrefectServer, skyclust_home: Path) -> list[str]:
    said: list[str] = []
    apply_all(said.append)
    return said


def _without_volatile(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_volatile(one)
            for key, one in value.items()
            if key not in VOLATILE and not key.endswith("_id")
        }
    if isinstance(value, list):
        return [_without_volatile(one) for one in value]
    return value


def _dump() -> dict[str, Any]:
    """Everything that bootstrap writes, as the server's API tells it."""
    routes = [
        "/deployments/filter",
        "/work_pools/filter",
        f"/work_pools/{WORK_POOL}/queues/filter",
        "/v2/concurrency_limits/filter",
        "/automations/filter",
        "/block_types/filter",
        "/block_schemas/filter",
        "/flows/filter",
    ]
    return {route: _without_volatile(_read(route)) for route in routes}


def _read(route: str, content: Any = None) -> Any:
    """What the server answers when it is asked without Prefect's own client."""
    api_url = os.environ["PREFECT_API_URL"]
    auth = ServerAuth(api_url, os.environ["PREFECT_API_AUTH_STRING"])
    answer = httpx.post(f"{api_url}{route}", auth=auth, json=content or {"limit": 200}, timeout=30)
    return answer.raise_for_status().json()


def _client() -> SyncPrefectClient:
    return get_client(sync_client=True)


def _schedules(name: str) -> list[Any]:
    with _client() as client:
        return list(client.read_deployment_by_name(name).schedules)


def test_twice_is_as_good_as_once(applied: list[str]) -> None:
    first = _dump()
    apply_all(lambda _: None)

    assert _dump() == first


def test_the_server_has_what_prefect_yaml_says(applied: list[str]) -> None:
    declared = yaml.safe_load(prefect_file().read_text())["deployments"]
    with _client() as client:
        found = {one.name: one for one in client.read_deployments()}

    assert {one["name"] for one in declared} <= set(found)
    for one in declared:
        deployment = found[one["name"]]
        assert deployment.entrypoint == one["entrypoint"]
        assert deployment.description == one["description"]
        assert set(deployment.tags) == set(one["tags"])
        assert deployment.work_pool_name == one["work_pool"]["name"]
        assert deployment.work_queue_name == one["work_pool"]["work_queue_name"]
        assert len(deployment.schedules) == len(one.get("schedules", []))
        assert deployment.enforce_parameter_schema
        limit = one.get("concurrency_limit")
        given = deployment.global_concurrency_limit
        assert (given.limit if given else None) == (limit["limit"] if limit else None)
        assert given is None or given.name == f"skyclust:deployment:{one['name']}"
        assert "workspace" in (deployment.parameter_openapi_schema or {})["properties"]


def test_a_schedule_that_the_file_no_longer_has_is_gone(applied: list[str]) -> None:
    declared = next(one for one in read_declared(prefect_file()) if one.name == "sync-inventory")
    assert len(_schedules(SYNC)) == 1

    apply_deployments([declared.model_copy(update={"schedules": ()})])
    without = _schedules(SYNC)
    apply_deployments([declared])

    assert without == []
    assert len(_schedules(SYNC)) == 1


def test_a_schedule_that_an_operator_paused_stays_paused(applied: list[str]) -> None:
    with _client() as client:
        deployment = client.read_deployment_by_name(SYNC)
        client.update_deployment_schedule(deployment.id, deployment.schedules[0].id, active=False)

    apply_deployments(read_declared(prefect_file()))
    paused = _schedules(SYNC)[0].active
    with _client() as client:
        deployment = client.read_deployment_by_name(SYNC)
        client.update_deployment_schedule(deployment.id, deployment.schedules[0].id, active=True)

    assert paused is False


def test_an_interval_does_not_start_anew(applied: list[str]) -> None:
    before = _schedules(RECOVERY)[0].schedule.anchor_date
    assert before is not None

    apply_deployments(read_declared(prefect_file()))

    assert _schedules(RECOVERY)[0].schedule.anchor_date == before


def test_what_an_operator_set_at_the_work_pool_stays(applied: list[str]) -> None:
    with _client() as client:
        client.update_work_pool(WORK_POOL, WorkPoolUpdate(concurrency_limit=7))

    apply_work_pool()
    with _client() as client:
        pool = client.read_work_pool(WORK_POOL)
        client.delete_work_pool(WORK_POOL)
    apply_all(lambda _: None)

    assert pool.concurrency_limit == 7


def test_recovery_is_served_first(applied: list[str]) -> None:
    with _client() as client:
        queues = {
            name: client.read_work_queue_by_name(name, work_pool_name=WORK_POOL).priority
            for name in ("recovery", "default")
        }
    assert queues["recovery"] < queues["default"]


def test_each_credential_has_its_limit_and_an_operators_number_stays(applied: list[str]) -> None:
    store = open_store()
    with store.writing() as connection:
        for name in ("small", "large"):
            credentials.add(
                connection, "default", name=name, provider="aws", block_name=f"default--{name}"
            )
    small, large = (credential_limit_name("default", name) for name in ("small", "large"))

    apply_limits(store)
    with _client() as client:
        made = client.read_global_concurrency_limit_by_name(small).limit
        client.update_global_concurrency_limit(large, GlobalConcurrencyLimitUpdate(limit=3))
    again = apply_limits(store).names

    assert again == [large, small]
    assert made == OPERATIONS_AT_ONCE
    with _client() as client:
        assert client.read_global_concurrency_limit_by_name(large).limit == 3


def test_an_automation_that_an_operator_disabled_stays_disabled(applied: list[str]) -> None:
    name = apply_automations().names[0]
    with _client() as client:
        [automation] = client.read_automations_by_name(name)
        client.pause_automation(automation.id)

    apply_automations()
    with _client() as client:
        [paused] = client.read_automations_by_name(name)
        client.resume_automation(paused.id)

    assert paused.enabled is False


def _automation(name: str) -> dict[str, Any]:
    [found] = [one for one in _read("/automations/filter") if one["name"] == name]
    return dict(found)


def test_an_automation_that_is_as_it_should_be_is_not_written(applied: list[str]) -> None:
    """A write would make the server forget the heartbeats that it is waiting for."""
    names = apply_automations().names
    before = {name: _automation(name)["updated"] for name in names}

    apply_automations()

    assert {name: _automation(name)["updated"] for name in names} == before


def test_a_schedule_that_is_none_is_refused(prefect_server: PrefectServer) -> None:
    [declared] = [one for one in read_declared(prefect_file()) if one.name == "sync-inventory"]
    wrong = Declared.model_validate(declared.model_dump() | {"schedules": ({"cron": "often"},)})

    with pytest.raises(ConfigurationError, match="often"):
        apply_deployments([wrong])


def test_as_a_command_it_says_what_it_did(
    prefect_server: PrefectServer, skyclust_home: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deployments.bootstrap"],
        cwd=skyclust_home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "block types: skyclust-aws-credential" in done.stdout
    assert SYNC in done.stdout


def test_without_a_server_it_says_so(
    prefect_server: PrefectServer, skyclust_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    done = subprocess.run(
        [sys.executable, "-m", "deployments.bootstrap"],
        cwd=skyclust_home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("bootstrap: The Prefect server at http://127.0.0.1:1/api cannot")
    assert "Traceback" not in done.stderr
