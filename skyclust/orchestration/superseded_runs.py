"""Housekeeping that piled up collapses to one run of each kind.

While a pool is paused or no worker listens, the scheduler goes on making runs: thirty recoveries
an hour, which would all start at once afterwards. Housekeeping looks at everything there is when
it begins, so that one run does what all the waiting ones would. The one that waits longest is
kept, for it is the next that a worker takes.

Only runs that no person requested are dropped: those of schedules and of automations.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.context import FlowRunContext
from prefect.states import Cancelled

from skyclust.errors import SkyClustError
from skyclust.orchestration.client import prefect_client

HOUSEKEEPING: Final = (
    "check-budgets",
    "collect-costs",
    "recover-operations",
    "report-costs",
    "seal-credentials",
    "sync-inventory",
)
"""The deployments whose runs stand for each other when their parameters are alike."""

SUPERSEDED: Final = "Superseded"
"""Name of the state, of the type Cancelled, of a run that another one stands for."""

_AT_ONCE: Final = 200
"""Runs that one answer of the server has at the most (PREFECT_SERVER_API_DEFAULT_LIMIT)."""

_MOST_ANSWERS: Final = 50

_log: Final = logging.getLogger("skyclust.backlog")


def supersede_backlog() -> int:
    """Keep one waiting run of each kind of housekeeping and return how many were dropped.

    Runs are of one kind when their deployment and their parameters are the same.
    """
    with prefect_client() as client:
        kept: dict[str, UUID] = {}
        dropped = 0
        for run in _waiting(client, HOUSEKEEPING):
            first = kept.setdefault(_kind(run), run.id)
            if first != run.id:
                _supersede(client, run, by=first)
                dropped += 1
    return dropped


def supersede_waiting_runs() -> None:
    """Drop the runs that wait to do what the flow run that this is called in begins to do now."""
    context = FlowRunContext.get()
    mine = context.flow_run if context else None
    if mine is None or mine.deployment_id is None:
        return
    try:
        with prefect_client() as client:
            for run in _waiting(client, HOUSEKEEPING):
                if run.id != mine.id and _kind(run) == _kind(mine):
                    _supersede(client, run, by=mine.id)
    except SkyClustError as error:
        # Each of them would only look once more.
        _log.warning("The runs that wait were not looked at: %s", error)


def _waiting(client: SyncPrefectClient, deployments: Iterable[str]) -> list[FlowRun]:
    """Return the runs that no person requested and that are due, the longest waiting first."""
    due = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        expected_start_time=FlowRunFilterExpectedStartTime(before_=datetime.now(UTC)),
    )
    ours = DeploymentFilter(name=DeploymentFilterName(any_=sorted(deployments)))
    found: list[FlowRun] = []
    for page in range(_MOST_ANSWERS):
        answer = client.read_flow_runs(
            flow_run_filter=due,
            deployment_filter=ours,
            sort=FlowRunSort.EXPECTED_START_TIME_ASC,
            limit=_AT_ONCE,
            offset=page * _AT_ONCE,
        )
        found += answer
        if len(answer) < _AT_ONCE:
            break
    return [run for run in found if run.run_count == 0 and _is_nobodys(run)]


def _is_nobodys(run: FlowRun) -> bool:
    creator = run.created_by.type if run.created_by else None
    return run.auto_scheduled or creator == "AUTOMATION"


def _kind(run: FlowRun) -> str:
    return json.dumps([str(run.deployment_id), run.parameters], sort_keys=True, default=str)


def _supersede(client: SyncPrefectClient, run: FlowRun, *, by: UUID) -> None:
    message = f"Flow run {by} does this too: it looks at everything when it begins."
    client.set_flow_run_state(run.id, Cancelled(name=SUPERSEDED, message=message))
