"""Housekeeping that piled up collapses to one run of each kind; what people asked for stays."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.flow_engine import run_flow

from deployments.apply_deployments import apply_deployments
from deployments.automations import RECOVERY, SEALING
from deployments.prefect_yaml import prefect_file, read_declared
from deployments.work_pools import apply_work_pool
from flows.seal_credentials import seal_credentials
from skyclust.orchestration.superseded_runs import SUPERSEDED, supersede_backlog
from tests.fixtures.prefect import PrefectServer
from tests.fixtures.prefect_api import patient_client

pytestmark = pytest.mark.integration

SYNC = "sync-inventory/sync-inventory"
PROVISION = "provision-instances/provision-instances"

AUTOMATION = {
    "Prefect-Automation-ID": str(uuid4()),
    "Prefect-Automation-Name": base64.b64encode(b"any").decode(),
}
"""By these headers the server knows the creator of a run that nobody asked for."""


@pytest.fixture
def api(prefect_server: PrefectServer, skyclust_home: Path) -> Iterator[httpx.Client]:
    """A server with our deployments, and no run that waits for a worker."""
    apply_work_pool()
    apply_deployments(read_declared(prefect_file()))
    with patient_client(prefect_server) as client:
        # A sealing that finds the blocks of earlier tests, whose stores are gone, fails.
        for block in client.post("/block_documents/filter", json={}).json():
            if block["block_type"]["slug"].startswith("skyclust-"):
                client.delete(f"/block_documents/{block['id']}")
        yield client
        waiting = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}, "limit": 200}
        for run in client.post("/flow_runs/filter", json=waiting).json():
            client.delete(f"/flow_runs/{run['id']}")


def _late(
    api: httpx.Client, deployment: str, minutes: int, *, by_person: bool = False, **values: Any
) -> str:
    """Make a run that is late by some minutes and return its id."""
    found = api.get(f"/deployments/name/{deployment}").raise_for_status().json()
    due = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()
    state = {"type": "SCHEDULED", "state_details": {"scheduled_time": due}}
    answer = api.post(
        f"/deployments/{found['id']}/create_flow_run",
        json={"state": state, **values},
        headers={} if by_person else AUTOMATION,
    )
    return str(answer.raise_for_status().json()["id"])


def _waiting(api: httpx.Client, runs: Iterable[str]) -> set[str]:
    """Those of the runs that still wait; the server's own schedules make others meanwhile."""
    return {one for one in runs if _state(api, one)["type"] == "SCHEDULED"}


def _state(api: httpx.Client, run_id: str) -> dict[str, Any]:
    return dict(api.get(f"/flow_runs/{run_id}").raise_for_status().json()["state"])


def test_two_hours_of_recoveries_become_the_one_that_waits_longest(api: httpx.Client) -> None:
    runs = [_late(api, RECOVERY, minutes) for minutes in range(120, 0, -6)]

    dropped = supersede_backlog()

    assert dropped >= len(runs) - 1 == 19
    assert _waiting(api, runs) == {runs[0]}
    state = _state(api, runs[-1])
    assert (state["type"], state["name"]) == ("CANCELLED", SUPERSEDED)
    assert runs[0] in state["message"]


def test_what_people_asked_for_and_what_does_something_else_stays(api: httpx.Client) -> None:
    first = _late(api, SYNC, 60)
    asked_for = _late(api, SYNC, 50, by_person=True)
    elsewhere = _late(api, SYNC, 40, parameters={"workspace": "shop"})
    provision = [
        _late(api, PROVISION, minutes, enforce_parameter_schema=False) for minutes in (40, 30)
    ]
    dropped = {_late(api, SYNC, 30), _late(api, SYNC, 20)}
    not_due = _late(api, SYNC, -30)

    supersede_backlog()

    kept = {first, asked_for, elsewhere, not_due, *provision}
    assert _waiting(api, kept | dropped) == kept


def test_a_run_that_begins_stands_for_those_that_wait(api: httpx.Client) -> None:
    """Also for one that waits longer: whatever that was for has happened before this one looks."""
    before, mine, after = (_late(api, SEALING, minutes) for minutes in (30, 20, 10))
    other = _late(api, RECOVERY, 10)
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(mine)  # type: ignore[arg-type]  # it takes both

    run_flow(seal_credentials, flow_run=run)

    assert _waiting(api, [before, mine, after, other]) == {other}
    assert _state(api, mine)["type"] == "COMPLETED"
    assert {_state(api, one)["name"] for one in (before, after)} == {SUPERSEDED}
