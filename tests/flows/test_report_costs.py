"""The weekly report: a page for each workspace, and its headline as the run's message."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

from skyclust.orchestration.runs import run_here
from skyclust.store import workspaces
from skyclust.store.engine import open_store
from tests.fixtures.prefect import PrefectServer
from tests.unit.cli.costs import END, FIRST, fill_home

pytestmark = pytest.mark.integration


def _pages(run_id: str) -> dict[str | None, str]:
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(
            artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(run_id)]))
        )
    return {one.key: str(one.data) for one in found}


def test_each_workspace_has_a_page_and_a_line(
    prefect_server: PrefectServer, migrated_home: Path
) -> None:
    fill_home()
    with open_store().writing() as connection:
        workspaces.add(connection, "empty")
    outcome = run_here("report-costs", {"start": FIRST.isoformat(), "end": END.isoformat()})
    assert outcome.succeeded
    filled, empty = outcome.message.splitlines()
    assert filled.startswith("default: 0.20 EUR + 4.40 USD from 2026-03-02 until 2026-03-07")
    assert empty.startswith("empty: no known costs")
    pages = _pages(outcome.run_id)
    assert set(pages) == {"cost-report-default", "cost-report-empty"}
    assert "the cost of 1 day is not known, 2026-03-04" in pages["cost-report-default"]
    assert "data:image/svg+xml;base64," in pages["cost-report-default"]
    assert "No costs were ever delivered" in pages["cost-report-empty"]


def test_a_workspace_that_does_not_exist_fails(
    prefect_server: PrefectServer, migrated_home: Path
) -> None:
    outcome = run_here(
        "report-costs", {"workspace": "nowhere", "end": date(2026, 4, 1).isoformat()}
    )
    assert outcome.state_type == "FAILED"
    assert "NotFound" in outcome.message
