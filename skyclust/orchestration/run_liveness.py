"""Whether the flow run that works on an operation is still at work.

Taking an operation over from a run that only seems to be gone does no harm, because the epoch
fences the run off; an operation left with a dead run would leave an instance half created. So a
run without heartbeat counts as gone, after a while.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound

from skyclust.model.run_liveness import RunLiveness
from skyclust.orchestration.client import prefect_client
from skyclust.orchestration.heartbeats import SILENT_AFTER
from skyclust.store import heartbeats
from skyclust.store.engine import open_store

UNSTARTED_AFTER: Final = timedelta(minutes=10)
"""A run that waits longer for its worker counts as gone; if it starts later, its work is done."""

RECOVERY_FLOW: Final = "recover-operations"

_CANCEL_STATES: Final = frozenset({StateType.CANCELLED, StateType.CANCELLING})


def liveness(run_ids: Iterable[str]) -> dict[str, RunLiveness]:
    """Return the liveness of each of these flow runs.

    Prefect knows how a run ended. For a run that it shows as running, the heartbeats in the store
    say whether it still is. An id that Prefect does not know, or that is no UUID, is GONE.
    """
    wanted = set(run_ids)
    with open_store().reading() as connection:
        beats = heartbeats.last_beats(connection, wanted)
    with prefect_client() as client:
        return {run_id: _liveness(client, run_id, beats.get(run_id)) for run_id in wanted}


def _liveness(client: SyncPrefectClient, run_id: str, beat: datetime | None) -> RunLiveness:
    try:
        run = client.read_flow_run(UUID(run_id))
    except (ObjectNotFound, ValueError):
        return RunLiveness.GONE
    if run.state is None:
        return RunLiveness.GONE
    if run.state.type in _CANCEL_STATES or (run.state.is_final() and _was_cancelled(client, run)):
        return _of_cancelled(client, run, run.state, beat)
    if run.state.is_final():
        return RunLiveness.GONE
    if run.state.type is StateType.RUNNING:
        return RunLiveness.GONE if _is_silent(run.state, beat) else RunLiveness.AT_WORK
    return RunLiveness.GONE if _waited(run.state) > UNSTARTED_AFTER else RunLiveness.AT_WORK


def _of_cancelled(
    client: SyncPrefectClient, run: FlowRun, state: State[object], beat: datetime | None
) -> RunLiveness:
    # The cancellation of a recovery ends that run, not the operations that it carries on.
    housekeeping = client.read_flow(run.flow_id).name == RECOVERY_FLOW
    if state.is_final() or _is_silent(state, beat):
        return RunLiveness.GONE if housekeeping else RunLiveness.CANCELLED
    return RunLiveness.AT_WORK if housekeeping else RunLiveness.CANCELLING


def _was_cancelled(client: SyncPrefectClient, run: FlowRun) -> bool:
    """Return whether a run that ended otherwise was cancelled first, since it last ran.

    A process that is killed while it is being cancelled may end as crashed.
    """
    states = sorted(client.read_flow_run_states(run.id), key=lambda one: one.timestamp)
    for state in reversed(states):
        if state.type in _CANCEL_STATES:
            return True
        if not state.is_final():
            return False
    return False


def _is_silent(state: State[object], beat: datetime | None) -> bool:
    """Return whether a run has sent no heartbeat for too long; entering its state counts as one."""
    heard = max(state.timestamp, beat) if beat else state.timestamp
    return datetime.now(UTC) - heard > SILENT_AFTER


def _waited(state: State[object]) -> timedelta:
    due = state.state_details.scheduled_time or state.timestamp
    return datetime.now(UTC) - due
