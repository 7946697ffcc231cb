"""Which operations the recovery loop takes up: those of lost runs, soon and not too often."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State, StateType
from prefect.flows import flow
from prefect.states import Cancelled, Cancelling, Completed, Crashed, Failed, Running

from skyclust.model.operation import Operation
from skyclust.orchestration import run_liveness as liveness
from skyclust.orchestration.lost_runs import (
    AGAIN_AFTER_SECONDS,
    CONFIRM_SECONDS,
    SCHEDULE_MISSED_AFTER,
    LostRuns,
)
from skyclust.store import operation_rows
from skyclust.store.engine import Store, open_store
from tests.unit.store.operations import journal_one

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("prefect_server")]


@pytest.fixture
def home_store(migrated_home: object) -> Iterator[Store]:
    store = open_store()
    yield store
    store.dispose()


@flow(name="any-flow")
def any_flow() -> None:
    """Stands for a run of another process."""


def _run(state: State[None]) -> str:
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(any_flow)
        client.set_flow_run_state(run.id, state, force=True)
    return str(run.id)


def _state(run_id: str) -> StateType:
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(run_id).state  # type: ignore[arg-type]  # it takes both
    assert state is not None
    return state.type


def _ids(found: list[Operation]) -> list[str]:
    return [one.id for one in found]


@pytest.mark.parametrize("state", [Crashed(), Cancelled()], ids=lambda one: str(one.name))
def test_the_operation_of_a_lost_run_is_taken_up_at_once(
    home_store: Store, state: State[None]
) -> None:
    operation = journal_one(home_store, run_id=_run(state))
    nobodys = journal_one(home_store, run_id=None)
    unknown = journal_one(home_store, run_id="no id at all")

    assert set(_ids(LostRuns(home_store).look(0))) == {operation.id, nobodys.id, unknown.id}


@pytest.mark.parametrize("state", [Running(), Cancelling()], ids=lambda one: str(one.name))
def test_a_run_that_is_at_work_is_left_alone(home_store: Store, state: State[None]) -> None:
    run_id = _run(state)
    journal_one(home_store, run_id=run_id)

    lost = LostRuns(home_store)

    assert lost.look(0) == lost.look(CONFIRM_SECONDS) == []
    assert _state(run_id) is state.type


@pytest.mark.parametrize(
    ("state", "shown"),
    [(Running(), StateType.CRASHED), (Cancelling(), StateType.CANCELLED)],
    ids=["running", "cancelling"],
)
def test_a_silent_run_is_lost_when_it_stays_silent_and_is_shown_so(
    home_store: Store, monkeypatch: pytest.MonkeyPatch, state: State[None], shown: StateType
) -> None:
    monkeypatch.setattr(liveness, "SILENT_AFTER", timedelta(0))
    run_id = _run(state)
    operation = journal_one(home_store, run_id=run_id)
    lost = LostRuns(home_store)

    first, early = lost.look(0), lost.look(CONFIRM_SECONDS - 1)
    before = _state(run_id)
    late = lost.look(CONFIRM_SECONDS)

    assert first == early == []
    assert before not in {StateType.CRASHED, StateType.CANCELLED}
    assert _ids(late) == [operation.id]
    assert _state(run_id) is shown


def test_a_recovery_is_not_started_twice_within_a_minute(home_store: Store) -> None:
    operation = journal_one(home_store, run_id=_run(Crashed()))
    lost = LostRuns(home_store)
    lost.recovery_requested(lost.look(0), 0)

    soon = lost.look(AGAIN_AFTER_SECONDS - 1)
    later = lost.look(AGAIN_AFTER_SECONDS)

    assert soon == []
    assert _ids(later) == [operation.id]


@pytest.mark.parametrize("state", [Completed(), Failed()], ids=lambda one: str(one.name))
def test_what_a_run_left_open_in_order_is_the_schedules_until_that_does_not_come(
    home_store: Store, monkeypatch: pytest.MonkeyPatch, state: State[None]
) -> None:
    run_id = _run(state)
    fresh = journal_one(home_store, run_id=run_id)
    with monkeypatch.context() as patch:
        patch.setattr(operation_rows, "now", lambda: datetime.now(UTC) - SCHEDULE_MISSED_AFTER)
        old = journal_one(home_store, run_id=run_id)

    found = LostRuns(home_store).look(0)

    assert _ids(found) == [old.id]
    assert fresh.id not in _ids(found)
