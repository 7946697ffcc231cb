"""A run that is silent for too long counts as gone; one that is heard from does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.flows import flow
from prefect.states import Cancelled, Cancelling, Completed, Crashed, Failed, Running, Scheduled

from skyclust.model.run_liveness import RunLiveness
from skyclust.orchestration import run_liveness as liveness
from skyclust.store import heartbeats
from skyclust.store.engine import open_store
from tests.unit.store.operations import journal_one

pytestmark = [
    pytest.mark.integration,
    pytest.mark.usefixtures("prefect_server", "skyclust_home"),
]

BRIEF = timedelta(seconds=3)
"""Taken for silence here: the server itself dates the state that a run is in."""


@flow(name="any-flow")
def any_flow() -> None:
    """Stands for a run of another process."""


def run_in(state: State[None]) -> str:
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(any_flow)
        client.set_flow_run_state(run.id, state, force=True)
    return str(run.id)


def alive(run_id: str) -> RunLiveness:
    return liveness.liveness([run_id])[run_id]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (Running, RunLiveness.AT_WORK),
        (Scheduled, RunLiveness.AT_WORK),
        (Cancelling, RunLiveness.CANCELLING),
        (Completed, RunLiveness.GONE),
        (Failed, RunLiveness.GONE),
        (Crashed, RunLiveness.GONE),
        (Cancelled, RunLiveness.CANCELLED),
    ],
)
def test_what_prefect_says_of_a_run(
    state: Callable[[], State[None]], expected: RunLiveness
) -> None:
    assert alive(run_in(state())) is expected


def test_a_run_that_prefect_does_not_know_is_gone() -> None:
    assert alive(str(uuid4())) is RunLiveness.GONE
    assert alive("no id at all") is RunLiveness.GONE


def test_a_run_that_waits_too_long_for_its_worker_is_gone() -> None:
    long_ago = datetime.now(UTC) - liveness.UNSTARTED_AFTER - timedelta(minutes=1)
    assert alive(run_in(Scheduled(scheduled_time=long_ago))) is RunLiveness.GONE


@pytest.mark.parametrize(
    ("state", "when_silent", "when_heard"),
    [
        (Running, RunLiveness.GONE, RunLiveness.AT_WORK),
        (Cancelling, RunLiveness.CANCELLED, RunLiveness.CANCELLING),
    ],
)
def test_silence_counts_as_gone_and_a_heartbeat_in_the_store_as_life(
    state: Callable[[], State[None]],
    when_silent: RunLiveness,
    when_heard: RunLiveness,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(liveness, "SILENT_AFTER", BRIEF)
    run_id = run_in(state())
    store = open_store()
    journal_one(store, run_id=run_id)
    with store.writing() as connection:
        heartbeats.beat(connection, run_id)
    time.sleep(BRIEF.total_seconds())
    silent = alive(run_id)
    with store.writing() as connection:
        heartbeats.beat(connection, run_id)

    assert silent is when_silent
    assert alive(run_id) is when_heard
