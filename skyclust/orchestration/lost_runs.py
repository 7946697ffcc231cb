"""Which open operations need a recovery now: those whose run was lost, seen from beside it.

The recovery loop looks every few seconds, with what it remembers of earlier looks. A run that
ended in order and left an operation open (its cloud did not answer) is left to the schedule of
`recover-operations`, for trying again at once would only press the cloud; it is taken up here when
the schedule does not come.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import Abort, ObjectNotFound
from prefect.states import Cancelled, Crashed

from skyclust.model.operation import Operation
from skyclust.model.run_liveness import RunLiveness
from skyclust.orchestration.client import prefect_client
from skyclust.orchestration.heartbeats import BEAT_SECONDS, SILENT_AFTER
from skyclust.orchestration.run_liveness import liveness
from skyclust.store import operations
from skyclust.store.engine import Store

CONFIRM_SECONDS: Final = BEAT_SECONDS + 5.0
"""A silent run is lost when it stays silent for so long after it was first found so: a computer
that slept, or a store that was away, makes every run look silent for one heartbeat."""

AGAIN_AFTER_SECONDS: Final = 60.0
"""How long an operation is left to the recovery that was started for it."""

SCHEDULE_MISSED_AFTER: Final = timedelta(minutes=5)
"""The schedule tries an operation every two minutes; so long without a try, it does not come."""

_IN_ORDER: Final = frozenset({StateType.COMPLETED, StateType.FAILED})
_ENDED: Final = frozenset({*_IN_ORDER, StateType.CRASHED, StateType.CANCELLED})

_log: Final = logging.getLogger("skyclust.recovery")


class LostRuns:
    """Looks for operations that need a recovery; `seconds` are those of a monotonic clock."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._silent_since: dict[str, float] = {}
        self._asked_at: dict[str, float] = {}

    def look(self, seconds: float) -> list[Operation]:
        """Return the operations that need a recovery now, and mark their runs as ended.

        Raises what the store and the Prefect server raise when they do not answer.
        """
        with self._store.reading() as connection:
            found = operations.open_operations(connection)
        runs = liveness(one.run_id for one in found if one.run_id)
        left = [one for one in found if not runs.get(one.run_id or "", RunLiveness.GONE).at_work]
        states = _states({one.run_id for one in left if one.run_id})
        lost = self._lost(states, seconds)
        ids = {one.id for one in left}
        self._asked_at = {known: at for known, at in self._asked_at.items() if known in ids}
        return [one for one in left if self._is_due(one, states, lost, seconds)]

    def recovery_requested(self, started: Iterable[Operation], seconds: float) -> None:
        """Remember that a recovery was started for these."""
        self._asked_at |= {one.id: seconds for one in started}

    def _lost(self, states: dict[str, StateType | None], seconds: float) -> set[str]:
        """Return the runs that are surely gone without having ended in order."""
        silent = {run for run, state in states.items() if state and state not in _ENDED}
        self._silent_since = {run: self._silent_since.get(run, seconds) for run in silent}
        confirmed = {
            run for run, since in self._silent_since.items() if seconds - since >= CONFIRM_SECONDS
        }
        for run in confirmed:
            _mark_ended(run, cancelled=states[run] is StateType.CANCELLING)
        return confirmed | {
            run for run, state in states.items() if run not in silent and state not in _IN_ORDER
        }

    def _is_due(
        self,
        operation: Operation,
        states: dict[str, StateType | None],
        lost: set[str],
        seconds: float,
    ) -> bool:
        asked_at = self._asked_at.get(operation.id)
        if asked_at is not None and seconds - asked_at < AGAIN_AFTER_SECONDS:
            return False
        if operation.run_id is None or operation.run_id in lost:
            return True
        missed = datetime.now(UTC) - operation.updated_at > SCHEDULE_MISSED_AFTER
        return missed and states.get(operation.run_id) in _IN_ORDER


def _states(run_ids: Iterable[str]) -> dict[str, StateType | None]:
    """Return the type of each run's state; None of a run that the server does not know."""
    with prefect_client() as client:
        return {run_id: _state(client, run_id) for run_id in run_ids}


def _state(client: SyncPrefectClient, run_id: str) -> StateType | None:
    try:
        state = client.read_flow_run(UUID(run_id)).state
    except (ObjectNotFound, ValueError):
        return None
    return state.type if state else None


def _mark_ended(run_id: str, *, cancelled: bool) -> None:
    """Let Prefect show what became of a run whose process and worker died."""
    message = f"No heartbeat for {SILENT_AFTER.seconds} s: its process is gone."
    state: State[None] = Cancelled(message=message) if cancelled else Crashed(message=message)
    with prefect_client() as client:
        try:
            client.set_flow_run_state(UUID(run_id), state)
        except (Abort, ObjectNotFound) as error:
            _log.info("Flow run %s is not marked as ended: %s", run_id, error)
