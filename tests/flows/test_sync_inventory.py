"""The inventory never lies: what could not be read is kept, and said to be stale."""

from __future__ import annotations

from typing import Any

import pytest

from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeState
from skyclust.orchestration.runs import RunOutcome, run_here
from skyclust_sandbox.faults import Fault, FaultKind
from tests.flows.conftest import (
    REGION,
    Installation,
    add_account,
    artifacts_of,
    events_of,
    read_run,
)

pytestmark = pytest.mark.integration

OTHER = "us-east-1"


def sync(installation: Installation, **request: Any) -> RunOutcome:
    parameters = {"workspace": "default", "credentials": [installation.credential]}
    parameters |= {"regions": [REGION, OTHER]} | request
    return run_here("sync-inventory", parameters)


def provision(installation: Installation, count: int, **spec: Any) -> None:
    outcome = run_here("provision-instances", installation.provision(count=count, spec=spec))
    assert outcome.succeeded, outcome.message


def test_a_sync_stores_what_exists_and_shows_it(installation: Installation) -> None:
    provision(installation, 2)
    outcome = sync(installation)

    assert (outcome.state_type, outcome.state_name) == ("COMPLETED", "Completed"), outcome.message
    assert installation.machines() == {"web-1": "running", "web-2": "running"}
    scopes = installation.scopes()
    assert {scope.key.region for scope in scopes} == {REGION, OTHER}
    assert {scope.key.kind for scope in scopes} == set(ResourceKind)
    assert {scope.state for scope in scopes} == {ScopeState.FRESH}

    run = read_run(outcome.run_id)
    assert run.name == f"sync {installation.credential} {REGION}, {OTHER}"
    assert set(run.tags) == {"workspace:default", "provider:aws"}
    shown = artifacts_of(outcome.run_id)
    bar = shown["inventory-progress-default"]
    assert (bar.data, bar.description) == (100, f"{len(scopes)} of {len(scopes)} scopes read")
    assert "![Instances by cloud and state: aws: 2 running]" in str(
        shown["inventory-summary-default"].data
    )
    assert len(outcome.tables["inventory-scopes-default"]) == len(scopes)
    assert "scopes are fresh" in str(shown["inventory-summary-default"].data)
    assert any(row["change"] == "added" for row in outcome.tables["inventory-changes-default"])
    changed = events_of(outcome.run_id, "skyclust.inventory.changed", wanted=2)
    assert {one["resource"]["skyclust.workspace"] for one in changed} == {"default"}
    assert all(one["payload"]["added"] for one in changed)
    assert "instance" not in {one["resource"]["skyclust.kind"] for one in changed}, "both are known"
    synced = events_of(outcome.run_id, "skyclust.inventory.synced", wanted=1)
    assert [one["payload"]["fresh"] for one in synced] == [len(scopes)]


def test_a_denied_region_is_stale_with_its_reason_and_keeps_its_rows(
    installation: Installation,
) -> None:
    provision(installation, 1)
    assert sync(installation).succeeded
    installation.sandbox.inject(Fault(kind=FaultKind.DENY, region=REGION))
    outcome = sync(installation)

    assert outcome.partial, outcome.message
    assert installation.machines() == {"web": "running"}
    for scope in installation.scopes():
        if scope.key.region == REGION:
            assert scope.state is ScopeState.STALE
            assert scope.error_class == "PermissionDenied"
            assert scope.error
        else:
            assert scope.state is ScopeState.FRESH
    reasons = [row["reason"] for row in outcome.tables["inventory-scopes-default"]]
    assert all(reasons[: len(ResourceKind)])


def test_an_expired_credential_makes_what_it_knew_stale_and_the_run_fail(
    installation: Installation,
) -> None:
    assert sync(installation).succeeded
    installation.sandbox.inject(Fault(kind=FaultKind.EXPIRE))
    outcome = sync(installation)

    assert outcome.state_type == "FAILED"
    assert {scope.state for scope in installation.scopes()} == {ScopeState.STALE}
    assert {scope.error_class for scope in installation.scopes()} == {"AuthenticationFailed"}


def test_one_expired_account_does_not_stop_the_others(installation: Installation) -> None:
    add_account(
        installation.store,
        f"{installation.credential}-2",
        installation.sandbox.endpoint,
        key=installation.sandbox.other_access_key,
    )
    installation.sandbox.inject(
        Fault(kind=FaultKind.EXPIRE, access_key=installation.sandbox.other_access_key)
    )
    outcome = sync(installation, credentials=[])

    assert outcome.partial, outcome.message
    assert {scope.state for scope in installation.scopes()} == {ScopeState.FRESH}


def test_the_brake_stops_a_mass_deletion_until_it_is_allowed(installation: Installation) -> None:
    provision(installation, 12)
    assert sync(installation, regions=[REGION]).succeeded
    installation.sandbox.reset("empty")
    braked = sync(installation, regions=[REGION])

    assert braked.partial, braked.message
    assert len(installation.machines()) == 12
    instances = next(s for s in installation.scopes() if s.key.kind is ResourceKind.INSTANCE)
    assert (instances.state, instances.error_class) == (ScopeState.STALE, "BrakeEngaged")

    allowed = sync(installation, regions=[REGION], allow_mass_delete=True)
    assert allowed.succeeded, allowed.message
    assert installation.machines() == {}


def test_a_place_or_a_credential_that_nobody_has_is_refused(installation: Installation) -> None:
    nowhere = sync(installation, regions=["eu-atlantis-1"])
    assert nowhere.state_type == "FAILED"
    assert "eu-atlantis-1" in nowhere.message
    nobody = sync(installation, credentials=["nobody"])
    assert nobody.state_type == "FAILED"
    assert "nobody" in nobody.message
    assert installation.scopes() == []


def test_kinds_that_were_not_asked_for_are_left_alone(installation: Installation) -> None:
    assert sync(installation, kinds=["disk"], regions=[REGION]).succeeded
    assert [scope.key.kind for scope in installation.scopes()] == [ResourceKind.DISK]
