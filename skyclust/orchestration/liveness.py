"""Whether the flow run that works on an operation is still at work.

Taking an operation from a run that only seems to be gone does no harm, for the epoch fences
it off; leaving one with a dead run would leave a machine half made. So silence counts as
gone, after a while.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.events.filters import (
    EventFilter,
    EventNameFilter,
    EventOccurredFilter,
    EventResourceFilter,
)
from prefect.exceptions import ObjectNotFound
from prefect.settings import get_current_settings

from skyclust.errors import ConfigurationError
from skyclust.orchestration.client import prefect_client

UNSTARTED_AFTER: Final = timedelta(minutes=10)
"""A run that waits so long for its worker is not coming; its retry would find its work done."""

MISSED_HEARTBEATS: Final = 3
"""Heartbeats in a row that may be late; the same that Prefect's own docs take for a zombie."""


_ASKED_TO_STOP: Final = frozenset({StateType.CANCELLED, StateType.CANCELLING})


class Liveness(StrEnum):
    """What has become of a flow run."""

    AT_WORK = "at work"
    GONE = "gone"  # finished, crashed, deleted or silent
    CANCELLED = "cancelled"  # someone asked it to stop


def liveness(run_ids: Iterable[str]) -> dict[str, Liveness]:
    """Return what has become of each of these flow runs, by asking the Prefect server.

    An id that Prefect does not know, or that is none, is GONE.
    """
    with prefect_client() as client:
        return {run_id: _liveness(client, run_id) for run_id in set(run_ids)}


def _liveness(client: SyncPrefectClient, run_id: str) -> Liveness:
    try:
        run = client.read_flow_run(UUID(run_id))
    except (ObjectNotFound, ValueError):
        return Liveness.GONE
    if run.state is None:
        return Liveness.GONE
    if run.state.type in _ASKED_TO_STOP:
        return _of_cancelled(run.state)
    if run.state.is_final():
        return Liveness.GONE
    if run.state.type is StateType.RUNNING:
        return _of_running(client, run, _age(run.state))
    return Liveness.GONE if _waited(run.state) > UNSTARTED_AFTER else Liveness.AT_WORK


def _of_cancelled(state: State[object]) -> Liveness:
    if state.is_final() or _age(state) > silence_allowed():
        return Liveness.CANCELLED
    return Liveness.AT_WORK


def silence_allowed() -> timedelta:
    """Return how long a running flow may go without a heartbeat.

    Raises ConfigurationError when heartbeats are turned off: then nothing can be known.
    """
    frequency = get_current_settings().flows.heartbeat_frequency
    if frequency is None:
        raise ConfigurationError(
            "Flow runs send no heartbeats, so a dead run cannot be told from a busy one.",
            hint="Set PREFECT_FLOWS_HEARTBEAT_FREQUENCY=30 for workers and for recoveries.",
        )
    return timedelta(seconds=frequency * MISSED_HEARTBEATS)


def _of_running(client: SyncPrefectClient, run: FlowRun, age: timedelta) -> Liveness:
    allowed = silence_allowed()
    if age <= allowed or _heard_from(client, run, since=datetime.now(UTC) - allowed):
        return Liveness.AT_WORK
    return Liveness.GONE


def _heard_from(client: SyncPrefectClient, run: FlowRun, *, since: datetime) -> bool:
    heartbeats = EventFilter(
        event=EventNameFilter(name=["prefect.flow-run.heartbeat"]),
        occurred=EventOccurredFilter(since=since),
        resource=EventResourceFilter(id=[f"prefect.flow-run.{run.id}"]),
    )
    answer = client.request(
        "POST",
        "/events/filter",
        json={"filter": heartbeats.model_dump(mode="json"), "limit": 1},
    )
    return bool(answer.raise_for_status().json()["events"])


def _age(state: State[object]) -> timedelta:
    return datetime.now(UTC) - state.timestamp


def _waited(state: State[object]) -> timedelta:
    due = state.state_details.scheduled_time or state.timestamp
    return datetime.now(UTC) - due
