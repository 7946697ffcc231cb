"""A machine asked for by its needs is made in the best place that has room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from skyclust.conformance import Failure
from skyclust.errors import (
    AuthenticationFailed,
    CapacityExhausted,
    InvalidRequest,
    NeverReached,
    NotFound,
    PermissionDenied,
    SkyClustError,
    Unsupported,
)
from skyclust.model.instance import InstanceFailure
from skyclust.model.operation import OperationState
from skyclust.orchestration.runs import run_here
from skyclust.store import credentials, operations
from tests.flows.memory import REGION, MemoryAccount, memory_account
from tests.flows.placing import die, machines, provision

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


def test_the_first_place_that_has_room_is_taken(
    memory: MemoryAccount, other: MemoryAccount
) -> None:
    outcome = provision(other, memory)

    assert outcome.succeeded, outcome.message
    assert (machines(other), machines(memory)) == (["medium"], [])
    rows = outcome.tables["placement-default"]
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
    assert len(outcome.tables["operations-default"]) == 4


def test_a_machine_that_fails_later_for_want_of_room_is_undone_and_tried_elsewhere(
    memory: MemoryAccount, other: MemoryAccount
) -> None:
    other.trouble.failure = InstanceFailure.CAPACITY
    outcome = provision(other, memory)

    assert outcome.succeeded, outcome.message
    assert (machines(other), machines(memory)) == ([], ["medium"])
    assert sorted(one.state for one in memory.operations()) == ["rolled-back", "succeeded"]


@pytest.mark.parametrize("error", [PermissionDenied, AuthenticationFailed])
def test_a_place_that_refuses_the_account_is_followed_by_the_next(
    memory: MemoryAccount,
    other: MemoryAccount,
    monkeypatch: pytest.MonkeyPatch,
    error: type[SkyClustError],
) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise error("The account may look, and make nothing.", provider="memory")

    monkeypatch.setattr(other.cloud, "create_server", refuse)
    outcome = provision(other, memory)

    assert outcome.succeeded, outcome.message
    assert (machines(other), machines(memory)) == ([], ["medium"])
    assert [one.error_class for one in memory.operations()] == [None, error.__name__]


class NoSpotsLeft(CapacityExhausted):
    """What a plugin's provider may raise for want of room."""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (InvalidRequest("No subnet is the default here.", provider="memory"), "InvalidRequest"),
        (NotFound("There is no image debian-13 here.", provider="memory"), "NotFound"),
        (Unsupported("Type medium is not in this region.", provider="memory"), "Unsupported"),
        (NoSpotsLeft("No spots.", provider="memory"), "CapacityExhausted"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_place_that_refuses_what_it_lacks_is_followed_by_the_next(
    memory: MemoryAccount,
    other: MemoryAccount,
    monkeypatch: pytest.MonkeyPatch,
    error: SkyClustError,
    told: str,
) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise error

    monkeypatch.setattr(other.cloud, "create_server", refuse)
    outcome = provision(other, memory)

    assert outcome.succeeded, outcome.message
    assert (machines(other), machines(memory)) == ([], ["medium"])
    made, failed = memory.operations()
    assert (made.error_class, failed.error_class) == (None, told)
    assert ("NoSpotsLeft: " in str(failed.error)) == isinstance(error, NoSpotsLeft)


def test_what_every_place_refuses_fails_with_each_refusal(
    memory: MemoryAccount, other: MemoryAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise InvalidRequest("No subnet is the default here.", provider="memory")

    for account in (other, memory):
        monkeypatch.setattr(account.cloud, "create_server", refuse)
    outcome = provision(other, memory)
    assert outcome.state_type == "FAILED"
    assert [one.credential for one in memory.operations()] == [memory.credential, other.credential]
    assert machines(memory) == machines(other) == []


def test_what_every_place_lacks_fails_with_each_reason_before_anything_is_journalled(
    memory: MemoryAccount, other: MemoryAccount
) -> None:
    for account in (other, memory):
        account.cloud._items_of(REGION, "network").clear()
    outcome = provision(other, memory)
    assert outcome.state_type == "FAILED"
    rows = outcome.tables["placement-default"]
    assert [row["standing"] for row in rows] == ["passed over", "passed over"]
    assert all("network 'default'" in row["reason"] for row in rows)
    assert memory.operations() == []


def test_a_machine_that_somebody_deletes_meanwhile_is_not_made_elsewhere(
    memory: MemoryAccount, other: MemoryAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanished(*_: object, **__: object) -> Any:
        raise NeverReached("Instance web is gone.")

    monkeypatch.setattr("skyclust.operations.instance.compute_steps._wait_for", vanished)
    outcome = provision(other, memory)
    assert outcome.state_type == "FAILED"
    [only] = memory.operations()
    assert (only.state, only.error_class) == (OperationState.ROLLED_BACK, "NeverReached")
    assert machines(memory) == machines(other) == []


def test_a_place_that_never_answers_is_passed_over(
    memory: MemoryAccount, other: MemoryAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYCLUST_SILENCE_SECONDS", "1")
    other.trouble.hanging_catalog = True
    outcome = provision(other, memory)

    assert outcome.succeeded, outcome.message
    assert machines(memory) == ["medium"]
    assert "gave no answer for 1 s" in outcome.tables["placement-default"][1]["reason"]


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
    first, second = outcome.tables["placement-default"]
    assert (first["credential"], first["standing"]) == (memory.credential, "first choice")
    assert (second["credential"], second["standing"]) == (other.credential, "passed over")
    assert second["reason"].startswith("PermissionDenied: ")
    assert memory.operations() == []
    assert machines(memory) == machines(other) == []


def test_a_place_without_a_default_network_is_passed_over_as_the_create_would(
    memory: MemoryAccount, other: MemoryAccount
) -> None:
    """What a dry run promises can be made: the survey checks what the create needs."""
    other.cloud.add("north-1", "image", "debian-13")
    places = [
        {"credential": other.credential, "region": "north-1"},
        {"credential": memory.credential, "region": REGION},
    ]
    shown = provision(needs={"places": places}, dry_run=True)
    made = provision(needs={"places": places})

    assert shown.succeeded, shown.message
    assert f"in {memory.credential}/{REGION} as medium" in shown.message
    rows = shown.tables["placement-default"]
    assert (rows[1]["credential"], rows[1]["standing"]) == (other.credential, "passed over")
    assert rows[1]["reason"] == "NotFound: There is no network 'default' in north-1."
    assert made.succeeded, made.message
    assert machines(memory) == ["medium"]
    assert other.cloud.existing("north-1", "server") == []


def test_needs_that_nobody_meets_fail_before_anything_is_journalled(
    memory: MemoryAccount,
) -> None:
    outcome = provision(memory, needs={"cores": 512})
    assert outcome.state_type == "FAILED"
    assert "no x86_64 type has 512 cores" in outcome.message
    assert outcome.tables["placement-default"][0]["standing"] == "passed over"
    assert memory.operations() == []


def test_all_credentials_and_regions_are_places_when_none_is_named(
    memory: MemoryAccount,
) -> None:
    outcome = provision(needs={"places": []})
    assert outcome.succeeded, outcome.message
    standings = {(row["region"], row["standing"]) for row in outcome.tables["placement-default"]}
    others = {(region, "passed over") for region in ("north-1", "west-1")}
    assert standings == {(REGION, "first choice"), *others}


def test_a_credential_that_was_removed_meanwhile_is_skipped(
    memory: MemoryAccount, other: MemoryAccount
) -> None:
    with memory_account(memory.store) as gone:
        gone.cloud.add(REGION, "image", "debian-13")
        other.cloud.fail(Failure.NO_CAPACITY, REGION)
        # The removal stands between the ranking and the second try.
        create = other.cloud.create_server

        def removing(*arguments: Any, **named: Any) -> Any:
            with memory.store.writing() as connection:
                credentials.remove(connection, "default", gone.credential)
            return create(*arguments, **named)

        other.cloud.create_server = removing  # type: ignore[method-assign]  # the moment counts
        outcome = provision(other, gone, memory)

    assert outcome.succeeded, outcome.message
    assert machines(memory) == ["medium"]


def test_recovery_goes_on_with_the_next_place(
    memory: MemoryAccount, other: MemoryAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that dies right after a place had no room leaves the next try in the journal."""
    other.cloud.fail(Failure.NO_CAPACITY, REGION)
    with monkeypatch.context() as patch:
        patch.setattr("skyclust.operations.journal.attempts", die)
        assert provision(other, memory).state_type in {"FAILED", "CRASHED"}
    with memory.store.reading() as connection:
        [left] = operations.open_operations(connection)
    assert left.credential == memory.credential

    assert run_here("recover-operations", {}).succeeded
    assert machines(memory) == ["medium"]
