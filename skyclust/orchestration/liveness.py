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
from prefect.exceptions import ObjectNotFound

from skyclust.orchestration.client import prefect_client
from skyclust.orchestration.heartbeats import SILENT_AFTER
from skyclust.store import heartbeats
from skyclust.store.engine import open_store

UNSTARTED_AFTER: Final = timedelta(minutes=10)
"""A run that waits so long for its worker is not coming; its retry would find its work done."""

RECOVERY_FLOW: Final = "recover-operations"

_ASKED_TO_STOP: Final = frozenset({StateType.CANCELLED, StateType.CANCELLING})


class Liveness(StrEnum):
    """What has become of a flow run."""

    AT_WORK = "at work"
    CANCELLING = "cancelling"  # at work, and someone asked it to stop
    GONE = "gone"  # finished, crashed, deleted or silent
    CANCELLED = "cancelled"  # gone, and someone had asked it to stop

    @property
    def at_work(self) -> bool:
        """Return whether the run may still write to the journal."""
        return self in {Liveness.AT_WORK, Liveness.CANCELLING}

    @property
    def asked_to_stop(self) -> bool:
        """Return whether someone cancelled the run."""
        return self in {Liveness.CANCELLING, Liveness.CANCELLED}


def liveness(run_ids: Iterable[str]) -> dict[str, Liveness]:
    """Return what has become of each of these flow runs.

    Prefect says how a run ended. Of one that it takes for running, the heartbeats in the store
    say whether it still is. An id that Prefect does not know, or that is none, is GONE.
    """
    wanted = set(run_ids)
    with open_store().reading() as connection:
        beats = heartbeats.last_beats(connection, wanted)
    with prefect_client() as client:
        return {run_id: _liveness(client, run_id, beats.get(run_id)) for run_id in wanted}


def _liveness(client: SyncPrefectClient, run_id: str, beat: datetime | None) -> Liveness:
    try:
        run = client.read_flow_run(UUID(run_id))
    except (ObjectNotFound, ValueError):
        return Liveness.GONE
    if run.state is None:
        return Liveness.GONE
    if run.state.type in _ASKED_TO_STOP or (run.state.is_final() and _was_cancelled(client, run)):
        return _of_cancelled(client, run, run.state, beat)
    if run.state.is_final():
        return Liveness.GONE
    if run.state.type is StateType.RUNNING:
        return Liveness.GONE if _is_silent(run.state, beat) else Liveness.AT_WORK
    return Liveness.GONE if _waited(run.state) > UNSTARTED_AFTER else Liveness.AT_WORK


def _of_cancelled(
    client: SyncPrefectClient, run: FlowRun, state: State[object], beat: datetime | None
) -> Liveness:
    # Whoever ends a recovery wants that run to end, not the operations that it was to carry on.
    housekeeping = client.read_flow(run.flow_id).name == RECOVERY_FLOW
    if state.is_final() or _is_silent(state, beat):
        return Liveness.GONE if housekeeping else Liveness.CANCELLED
    return Liveness.AT_WORK if housekeeping else Liveness.CANCELLING


def _was_cancelled(client: SyncPrefectClient, run: FlowRun) -> bool:
    """Return whether a run that ended otherwise was cancelled first, since it last ran.

    A process that is killed while it is being cancelled may end as crashed.
    """
    states = sorted(client.read_flow_run_states(run.id), key=lambda one: one.timestamp)
    for state in reversed(states):
        if state.type in _ASKED_TO_STOP:
            return True
        if not state.is_final():
            return False
    return False


def _is_silent(state: State[object], beat: datetime | None) -> bool:
    """Return whether a run was not heard of for too long; entering its state is a sign of life."""
    heard = max(state.timestamp, beat) if beat else state.timestamp
    return datetime.now(UTC) - heard > SILENT_AFTER


def _waited(state: State[object]) -> timedelta:
    due = state.state_details.scheduled_time or state.timestamp
    return datetime.now(UTC) - due
