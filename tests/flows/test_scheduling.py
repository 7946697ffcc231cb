"""Prefect's scheduler plans runs: under the versions that are installed, it works."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client

from tests.fixtures.prefect import PrefectServer
from tests.flows.conftest import eventually

pytestmark = [pytest.mark.integration, pytest.mark.newest]


def _deploy(client: SyncPrefectClient, *, every_seconds: int) -> str:
    name = f"scheduled-{uuid4().hex[:8]}"
    flow = client.request("POST", "/flows/", json={"name": name})
    schedule = {"schedule": {"interval": every_seconds}, "active": True}
    deployment = {"name": name, "flow_id": flow.json()["id"], "schedules": [schedule]}
    return str(client.request("POST", "/deployments/", json=deployment).json()["id"])


def test_a_schedule_has_its_runs_planned(prefect_server: PrefectServer) -> None:
    """SQLAlchemy 2.1 refused the statement with which Prefect 3.8 writes them."""
    with get_client(sync_client=True) as client:
        deployment = _deploy(client, every_seconds=3600)
        query = {"deployments": {"id": {"any_": [deployment]}}}

        def planned() -> list[dict[str, Any]]:
            answer = client.request("POST", "/flow_runs/filter", json=query)
            return list(answer.json())

        # Prefect looks for new deployments every 5 s, and for all of them every minute.
        runs = eventually(planned, bool, seconds=90)
        client.delete_deployment(UUID(deployment))

    assert runs
    assert {run["state_type"] for run in runs} == {"SCHEDULED"}
    assert all(run["auto_scheduled"] for run in runs)
