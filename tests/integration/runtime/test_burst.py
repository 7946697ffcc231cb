"""A hundred triggers at once on an installation of its own: none refused, none lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import httpx
import pytest

from tests.fixtures.installation import CommandLine
from tests.fixtures.triggers import scheduled_events, states, trigger_at_once

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(400)]

AT_ONCE = 100
ENDED = 8
"""Runs that are waited for; the others are taken back, since each takes seconds of two cores."""


def _eventually(good: Callable[[], bool], seconds: float = 240) -> bool:
    end = time.monotonic() + seconds
    while not good() and time.monotonic() < end:
        time.sleep(1)
    return good()


def _take_back(skyclust: CommandLine, runs: Sequence[str]) -> None:
    """Delete the runs that have not begun.

    None may begin meanwhile: Prefect's recorder cannot store the task runs of a run that is gone,
    and its failed transaction locks SQLite for a minute.
    """
    pool = f"{skyclust.api_url}/work_pools/skyclust"
    httpx.patch(pool, auth=skyclust.auth, json={"is_paused": True}, timeout=30).raise_for_status()
    begun = {"PENDING", "RUNNING"}
    assert _eventually(lambda: not begun & set(states(skyclust, runs).values()), 120)
    for run, state in states(skyclust, runs).items():
        if state == "SCHEDULED":
            httpx.delete(f"{skyclust.api_url}/flow_runs/{run}", auth=skyclust.auth, timeout=30)
    httpx.patch(pool, auth=skyclust.auth, json={"is_paused": False}, timeout=30).raise_for_status()


def test_a_hundred_triggers_at_once_are_all_taken_and_none_is_lost(
    installed: CommandLine,
) -> None:
    auth = installed.auth
    log = installed.home / "logs" / "server.log"
    before = log.stat().st_size
    path = f"{installed.api_url}/deployments/name/recover-operations/recover-operations"
    deployment = httpx.get(path, auth=auth, timeout=30).raise_for_status().json()

    answers = trigger_at_once(installed, deployment["id"], AT_ONCE)
    runs = sorted({run for _, run in answers})

    assert [status for status, _ in answers] == [201] * AT_ONCE
    assert len(runs) == AT_ONCE
    try:
        assert _eventually(
            lambda: list(states(installed, runs).values()).count("COMPLETED") >= ENDED
        ), states(installed, runs)
        # Events are stored some seconds after they happened.
        assert _eventually(lambda: scheduled_events(installed, runs) == AT_ONCE, 60)
        assert set(states(installed, runs)) == set(runs)
    finally:
        _take_back(installed, runs)
    said = log.read_bytes()[before:].decode()
    assert "database is locked" not in said
    assert "dead letter queue" not in said
