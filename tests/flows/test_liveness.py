"""A run that is silent for too long counts as gone; one that is heard from does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.events.worker import EventsWorker
from prefect.flows import flow
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Cancelled, Cancelling, Completed, Crashed, Failed, Running, Scheduled

from skyclust.errors import ConfigurationError
from skyclust.orchestration import liveness
from skyclust.orchestration.liveness import Liveness
from tests.fixtures.prefect import PrefectServer
from tests.flows.conftest import eventually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("prefect_server")]


@flow(name="any-flow")
def any_flow() -> None:
    """Stands for a run of another process."""


def run_in(state: State[None]) -> str:
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(any_flow)
        client.set_flow_run_state(run.id, state, force=True)
    return str(run.id)


def alive(run_id: str) -> Liveness:
    return liveness.liveness([run_id])[run_id]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (Running(), Liveness.AT_WORK),
        (Scheduled(), Liveness.AT_WORK),
        (Cancelling(), Liveness.AT_WORK),
        (Completed(), Liveness.GONE),
        (Failed(), Liveness.GONE),
        (Crashed(), Liveness.GONE),
        (Cancelled(), Liveness.CANCELLED),
    ],
    ids=lambda value: value.name if isinstance(value, State) else "",
)
def test_what_prefect_says_of_a_run(state: State[None], expected: Liveness) -> None:
    assert alive(run_in(state)) is expected


def test_a_run_that_prefect_does_not_know_is_gone() -> None:
    assert alive(str(uuid4())) is Liveness.GONE
    assert alive("no id at all") is Liveness.GONE


def test_a_run_that_waits_too_long_for_its_worker_is_gone() -> None:
    long_ago = datetime.now(UTC) - liveness.UNSTARTED_AFTER - timedelta(minutes=1)
    assert alive(run_in(Scheduled(scheduled_time=long_ago))) is Liveness.GONE


def test_silence_counts_as_gone_and_a_heartbeat_as_life(monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = run_in(Running())
    monkeypatch.setattr(liveness, "silence_allowed", lambda: timedelta(seconds=0))
    assert alive(run_id) is Liveness.GONE

    emit_event(
        event="prefect.flow-run.heartbeat",
        resource={"prefect.resource.id": f"prefect.flow-run.{UUID(run_id)}"},
    )
    EventsWorker.drain_all(timeout=10)
    # Older than what is allowed by the run's age, heard from within the minute.
    monkeypatch.setattr(liveness, "_age", lambda state: timedelta(hours=1))
    monkeypatch.setattr(liveness, "silence_allowed", lambda: timedelta(minutes=1))
    seen = eventually(lambda: alive(run_id), lambda found: found is Liveness.AT_WORK)
    assert seen is Liveness.AT_WORK


def test_without_heartbeats_nothing_can_be_known(prefect_server: PrefectServer) -> None:
    run_id = run_in(Running())
    with (
        temporary_settings(updates={PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
        pytest.raises(ConfigurationError, match="send no heartbeats"),
    ):
        alive(run_id)
