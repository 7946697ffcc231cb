"""One flow run, looked up by its id: how far it is, or how it ended."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound

from skyclust.errors import NotFound
from skyclust.inventory.short_id_lookup import several_runs
from skyclust.model.short_id import GIVEN_DIGITS
from skyclust.orchestration.client import prefect_client
from skyclust.orchestration.results import progress_of
from skyclust.orchestration.runs import (
    RunOutcome,
    RunUpdate,
    outcome_of,
    read_run,
    update_of,
)

RECENT: Final = 1000
"""Flow runs that are looked through for the beginning of an id."""

_PAGE: Final = 200
"""Prefect's default for the most flow runs of one answer (PREFECT_API_DEFAULT_LIMIT)."""

_BEGINNING: Final = re.compile(rf"[0-9a-f][0-9a-f-]{{{GIVEN_DIGITS - 1},34}}")
"""At least as many digits as for any id, and less than a whole UUID has."""


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
    """Return a flow run by its id, or by how the id of a recent run begins.

    Raises NotFound when there is none, or its flow is gone, and InvalidRequest for a beginning of
    several ids.
    """
    with prefect_client() as client:
        run = read_run(client, _whole_id(client, run_id))
        flow = client.read_flow(run.flow_id).name
        ended = run.state is not None and run.state.is_final()
        return FoundRun(
            flow=flow,
            deployment=_deployment(client, run, flow),
            update=update_of(run, progress_of(client, run)),
            started_at=run.start_time,
            outcome=outcome_of(client, run) if ended else None,
        )


def _whole_id(client: SyncPrefectClient, given: str) -> str:
    """Return the id of the recent run that begins so; what is no beginning of one as it is.

    Prefect finds runs by whole ids only, so the newest are looked through.
    """
    if not _BEGINNING.fullmatch(given):
        return given
    found: list[str] = []
    for offset in range(0, RECENT, _PAGE):
        page = client.read_flow_runs(
            sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=_PAGE, offset=offset
        )
        found += [str(run.id) for run in page if str(run.id).startswith(given)]
        if len(page) < _PAGE:
            break
    if len(found) > 1:
        raise several_runs(given, found)
    if not found:
        raise NotFound(
            f"None of the newest {RECENT} flow runs has an id that begins with {given!r}.",
            hint="Give the whole id of an older one.",
        )
    return found[0]


def _deployment(client: SyncPrefectClient, run: FlowRun, flow: str) -> str | None:
    if run.deployment_id is not None:
        with suppress(ObjectNotFound):  # it was removed since
            return f"{flow}/{client.read_deployment(run.deployment_id).name}"
    return None
