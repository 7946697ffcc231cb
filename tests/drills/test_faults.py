"""Fault drill: a third of all calls goes wrong, a region is closed, a credential has expired.

The sync completes, says that it is partial, and marks nothing as gone that still exists.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from skyclust.cli.exits import ExitCode
from skyclust.model.scope import ScopeState
from skyclust.orchestration.runs import run_here
from skyclust_sandbox.faults import Fault, FaultKind
from tests.drills.clouds import Cloud
from tests.fixtures.sandbox import Sandbox
from tests.flows.conftest import Installation, add_account, read_run

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

DENIED = "eu-central-1"


def test_a_sync_in_bad_weather(installation: Installation, aws_estate: Sandbox) -> None:
    expired = f"{installation.credential}-old"
    add_account(installation.store, expired, aws_estate.endpoint, key=aws_estate.other_access_key)
    first = run_here("sync-inventory", {})
    assert first.succeeded, first.message
    before = installation.resources()
    assert len(before) > 500

    aws_estate.inject(
        Fault(kind=FaultKind.DENY, region=DENIED),
        Fault(kind=FaultKind.EXPIRE, access_key=aws_estate.other_access_key),
        Fault(kind=FaultKind.THROTTLE, probability=0.1),
        Fault(kind=FaultKind.ERROR, probability=0.1),
        Fault(kind=FaultKind.DELAY, probability=0.1, seconds=0.5),
    )
    second = subprocess.run(
        [sys.executable, "-m", "skyclust.cli.main", "inventory", "sync", "--local", "--json"],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert second.returncode == ExitCode.PARTIAL, second.stderr
    run = json.loads(second.stdout)
    assert run["state"] == read_run(run["run_id"]).state_name == "Partial"
    assert installation.resources() == before
    for scope in installation.scopes():
        if scope.key.credential == expired:
            assert scope.state is ScopeState.STALE
            assert scope.error_class == "AuthenticationFailed"
        elif scope.key.region == DENIED:
            assert scope.state is ScopeState.STALE
            assert scope.error_class == "PermissionDenied"
            assert scope.error
        else:
            assert scope.state is ScopeState.FRESH, scope.error

    aws_estate.clear()
    third = run_here("sync-inventory", {})
    assert third.succeeded, third.message
    assert installation.resources() == before


def test_every_cloud_in_bad_weather(estate: Cloud) -> None:
    """A third of all calls goes wrong: what is read is whole, what is not keeps its rows."""
    first = run_here("sync-inventory", {})
    assert first.succeeded, first.message
    before = estate.inventory()
    assert len(before) > 200

    estate.sandbox.inject(
        Fault(kind=FaultKind.THROTTLE, probability=0.1),
        Fault(kind=FaultKind.ERROR, probability=0.1),
        Fault(kind=FaultKind.DELAY, probability=0.1, seconds=0.3),
    )
    second = run_here("sync-inventory", {})
    assert second.state_type == "COMPLETED", second.message
    assert estate.inventory() == before
    for scope in estate.scopes():
        if scope.state is not ScopeState.FRESH and scope.error_class != "Unsupported":
            assert scope.state is ScopeState.STALE, scope
            assert scope.error_class in {"Throttled", "Unavailable", "Timeout"}, scope

    estate.sandbox.clear()
    estate.sandbox.inject(Fault(kind=FaultKind.EXPIRE))
    third = run_here("sync-inventory", {})
    assert third.state_type == "FAILED", third.message
    assert estate.inventory() == before
    assert {scope.state for scope in estate.scopes()} <= {
        ScopeState.STALE,
        ScopeState.UNSUPPORTED,
    }

    estate.sandbox.clear()
    fourth = run_here("sync-inventory", {})
    assert fourth.succeeded, fourth.message
    assert estate.inventory() == before
