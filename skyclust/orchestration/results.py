"""Reading the artifacts of a flow run: its tables, and how far it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterType,
)
from prefect.client.schemas.objects import Artifact, FlowRun

from skyclust.orchestration.artifacts import left_out
from skyclust.orchestration.long_ids import with_whole_ids

ARTIFACTS_AT_ONCE: Final = 100
"""Artifacts of one page. The server answers with 200 at most, however many there are
(`PREFECT_SERVER_API_DEFAULT_LIMIT`)."""


@dataclass(frozen=True)
class RunTable:
    """The rows of a table artifact, and how many more it says that there are."""

    rows: list[dict[str, Any]]
    left_out: int


@dataclass(frozen=True)
class Progress:
    """How far a run is: 0 to 100 percent, and what is counted, as its progress artifact says."""

    percent: float
    words: str


def tables_of(client: SyncPrefectClient, run: FlowRun) -> dict[str, RunTable]:
    """Return the tables of a run by their key; of a run that was tried again the newest ones."""
    by_age = sorted(_artifacts(client, run, "table"), key=_made_at)
    return {
        artifact.key: RunTable(
            with_whole_ids(json.loads(artifact.data)), left_out(artifact.description)
        )
        for artifact in by_age
        if artifact.key and isinstance(artifact.data, str)
    }


def progress_of(client: SyncPrefectClient, run: FlowRun) -> Progress | None:
    """Return how far a run is; None while it does not run or counts nothing.

    Of several progress artifacts the one that is least far counts. The run's other artifacts,
    which may be large, are not read.
    """
    if run.state is None or not run.state.is_running():
        return None
    found = [
        Progress(float(artifact.data), artifact.description or "")
        for artifact in _artifacts(client, run, "progress")
        if isinstance(artifact.data, (int, float))
    ]
    return min(found, key=lambda each: each.percent, default=None)


def _artifacts(client: SyncPrefectClient, run: FlowRun, kind: str) -> list[Artifact]:
    """Return all artifacts of a run of one kind, page by page."""
    wanted = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]), type=ArtifactFilterType(any_=[kind])
    )
    found: list[Artifact] = []
    while True:
        page = client.read_artifacts(
            artifact_filter=wanted, limit=ARTIFACTS_AT_ONCE, offset=len(found)
        )
        found += page
        if len(page) < ARTIFACTS_AT_ONCE:
            return found


def _made_at(artifact: Artifact) -> datetime:
    return artifact.created or datetime.min.replace(tzinfo=UTC)
