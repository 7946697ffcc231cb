"""A machine asked for by its needs is made in the best place that has room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from skyclust.conformance import Failure
from skyclust.errors import AuthenticationFailed, InvalidRequest, PermissionDenied, SkyClustError
from skyclust.model.instance import InstanceFailure
from skyclust.model.operation import OperationState
from skyclust.orchestration.runs import RunOutcome, run_here
from skyclust.store import credentials, operations
from tests.flows.memory import REGION, MemoryAccount, memory_account

pytestmark = pytest.mark.integration


@pytest.fixture
def other(memory: MemoryAccount) -> Iterator[MemoryAccount]:
    """A second account, of another cloud in memory."""
    with memory_account(memory.store) as account:
        account.cloud.add(REGION, "image", "debian-13")
        yield account


@pytest.fixture(autouse=True)
def image(memory: MemoryAccount) -> None:
    memory.cloud.add(REGION, "image", "debian-13")


def provision(*accounts: MemoryAccount, **changes: Any) -> RunOutcome:
    needs = {
        "name": "web",
        "cores": 2,
        "memory_gib": 3,
        "image_family": "debian-13",
        "places": [{"credential": one.credential, "region": REGION} for one in accounts],
        **changes.pop("needs", {}),
    }
    return run_here("provision-instances", {"request": {"needs": needs, **changes}})


def machines(account: MemoryAccount) -> list[str]:
    return [item.details["type"] for item in account.cloud.existing(REGION, "machine")]


def test_the_first_place_that_has_room_is_taken(
    memory: MemoryAccount, other: MemoryAccount
) -> None:
    outcome = provision(other, memory)

    assert outcome.succeeded, outcome.message
    assert (machines(other), machines(memory)) == (["medium"], [])
    rows = outcome.tables["placement"]
    assert [row["standing"] for row in rows] == ["first choice", "fallback"]
    assert [row["type"] for row in rows] == ["medium", "medium"]


@pytest.mark.parametrize(
    ("failure", "told"),
    [(Failure.NO_CAPACITY, "CapacityExhausted"), (Failure.NO_QUOTA, "QuotaExceeded")],
)
def test_a_place_without_room_is_followed_by_the_next(
    memory: MemoryAccount, other: MemoryAccount, failure: Failure, told: str
) -> None:
    other.cloud.fail(failure, REGION)
    outcome = provision(other, memory, count=2)

    assert outcome.succeeded, outcome.message
    assert machines(other) == []
    assert machines(memory) == ["medium", "medium"]
    journal = memory.operations()
    assert sorted(one.state for one in journal) == ["failed", "failed", "succeeded", "succeeded"]
    failed = [one for one in journal if one.state is OperationState.FAILED]
    assert {one.error_class for one in failed} == {told}
    assert {one.credential for one in failed} == {other.credential}
    assert len(outcome.tables["operations"]) == 4


def test_a_machine_that_fails_later_for_want_of_room_is_undone_and_tried_elsewhere(
    memory: MemoryAccount, other: MemoryAccount
) -> None:
    other.trouble.failure = InstanceFailure.CAPACITY
    outcome = provision(other, memory)

    assert outcome.succeeded, outcome.message
    assert (machines(other), machines(memory)) == ([], ["medium"])
    assert sorted(one.state for one in memory.operations()) == ["succeeded", "undone"]


@pytest.mark.parametrize("error", [PermissionDenied, AuthenticationFailed])
def test_a_place_that_refuses_the_account_is_followed_by_the_next(
    memory: MemoryAccount,
    other: MemoryAccount,
    monkeypatch: pytest.MonkeyPatch,
    error: type[SkyClustError],
) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise error("The account may look, and make nothing.", provider="memory")

    monkeypatch.setattr(other.cloud, "create_machine", refuse)
    outcome = provision(other, memory)

    assert outcome.succeeded, outcome.message
    assert (machines(other), machines(memory)) == ([], ["medium"])
    assert [one.error_class for one in memory.operations()] == [None, error.__name__]


def test_what_is_wrong_with_the_request_is_not_tried_elsewhere(
    memory: MemoryAccount, other: MemoryAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise InvalidRequest("There is no such key.", provider="memory")

    monkeypatch.setattr(other.cloud, "create_machine", refuse)
    assert provision(other, memory).state_type == "FAILED"
    assert machines(memory) == []


def test_a_place_that_never_answers_is_passed_over(
    memory: MemoryAccount, other: MemoryAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYCLUST_SILENCE_SECONDS", "1")
    other.trouble.hanging_catalog = True
    outcome = provision(other, memory)

    assert outcome.succeeded, outcome.message
    assert machines(memory) == ["medium"]
    assert "gave no answer for 1 s" in outcome.tables["placement"][1]["reason"]


def test_no_room_anywhere_fails_with_every_try_in_the_journal(
    memory: MemoryAccount, other: MemoryAccount
) -> None:
    for account in (memory, other):
        account.cloud.fail(Failure.NO_CAPACITY, REGION)
    outcome = provision(other, memory)

    assert outcome.state_type == "FAILED"
    assert [one.credential for one in reversed(memory.operations())] == [
        other.credential,
        memory.credential,
    ]
    assert machines(memory) == machines(other) == []


def test_a_dry_run_shows_the_ranking_and_makes_nothing(
    memory: MemoryAccount, other: MemoryAccount
) -> None:
    other.cloud.fail(Failure.DENIED, REGION)
    outcome = provision(other, memory, dry_run=True)

    assert outcome.succeeded, outcome.message
    assert f"in {memory.credential}/{REGION} as medium" in outcome.message
    first, second = outcome.tables["placement"]
    assert (first["credential"], first["standing"]) == (memory.credential, "first choice")
    assert (second["credential"], second["standing"]) == (other.credential, "passed over")
    assert second["reason"].startswith("PermissionDenied: ")
    assert memory.operations() == []
    assert machines(memory) == machines(other) == []


def test_needs_that_nobody_meets_fail_before_anything_is_journalled(
    memory: MemoryAccount,
) -> None:
    outcome = provision(memory, needs={"cores": 512})

    assert outcome.state_type == "FAILED"
    assert "no x86_64 type has 512 cores" in outcome.message
    assert outcome.tables["placement"][0]["standing"] == "passed over"
    assert memory.operations() == []


def test_all_credentials_and_regions_are_places_when_none_is_named(
    memory: MemoryAccount,
) -> None:
    outcome = provision(needs={"places": []})

    assert outcome.succeeded, outcome.message
    told = {(row["region"], row["standing"]) for row in outcome.tables["placement"]}
    assert (REGION, "first choice") in told
    assert {region for region, standing in told if standing == "passed over"} == {
        "north-1",
        "west-1",
    }


def test_a_credential_that_was_removed_meanwhile_is_skipped(
    memory: MemoryAccount, other: MemoryAccount
) -> None:
    with memory_account(memory.store) as gone:
        gone.cloud.add(REGION, "image", "debian-13")
        other.cloud.fail(Failure.NO_CAPACITY, REGION)
        # The removal stands between the ranking and the second try.
        create = other.cloud.create_machine

        def removing(*arguments: Any, **named: Any) -> Any:
            with memory.store.writing() as connection:
                credentials.remove(connection, "default", gone.credential)
            return create(*arguments, **named)

        other.cloud.create_machine = removing  # type: ignore[method-assign]  # the moment counts
        outcome = provision(other, gone, memory)

    assert outcome.succeeded, outcome.message
    assert machines(memory) == ["medium"]


def test_recovery_goes_on_with_the_next_place(
    memory: MemoryAccount, other: MemoryAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that dies right after a place had no room leaves the next try in the journal."""
    other.cloud.fail(Failure.NO_CAPACITY, REGION)
    with monkeypatch.context() as patch:
        patch.setattr("tasks.operations.attempts", _dies)
        assert provision(other, memory).state_type in {"FAILED", "CRASHED"}
    with memory.store.reading() as connection:
        [left] = operations.open_operations(connection)
    assert left.credential == memory.credential

    assert run_here("recover-operations", {}).succeeded
    assert machines(memory) == ["medium"]


def _dies(*_: object) -> Any:
    raise RuntimeError("the process is killed here")
