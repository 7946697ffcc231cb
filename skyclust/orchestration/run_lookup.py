"""One flow run, looked up by its id: how far it is, or how it ended."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound

from skyclust.orchestration.client import prefect_client
from skyclust.orchestration.results import progress_of
from skyclust.orchestration.runs import (
    RunOutcome,
    RunUpdate,
    outcome_of,
    read_run,
    update_of,
)


@dataclass(frozen=True)
class FoundRun:
    """A flow run: `deployment` is `flow/deployment`, None for a run that was made without one.

    `outcome` is None as long as the run has not ended.
    """

    flow: str
    deployment: str | None
    update: RunUpdate
    started_at: datetime | None
    outcome: RunOutcome | None


def find_run(run_id: str) -> FoundRun:
    """Return a flow run; raises NotFound when there is none, or its flow is gone."""
    with prefect_client() as client:
        run = read_run(client, run_id)
        flow = client.read_flow(run.flow_id).name
        ended = run.state is not None and run.state.is_final()
        return FoundRun(
            flow=flow,
            deployment=_deployment(client, run, flow),
            update=update_of(run, progress_of(client, run)),
            started_at=run.start_time,
            outcome=outcome_of(client, run) if ended else None,
        )


def _deployment(client: SyncPrefectClient, run: FlowRun, flow: str) -> str | None:
    if run.deployment_id is not None:
        with suppress(ObjectNotFound):  # it was removed since
            return f"{flow}/{client.read_deployment(run.deployment_id).name}"
    return None
