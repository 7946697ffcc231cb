"""The state of a scope after failed and complete reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import permutations

import pytest

from skyclust.errors import (
    InvalidRequest,
    NotFound,
    PermissionDenied,
    SkyClustError,
    Throttled,
    Unsupported,
)
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeState
from skyclust.store import credentials, resources, scopes
from skyclust.store.engine import Store
from tests.unit.store.inventory import KEY, ago, machine, names, prepare, sync


@pytest.fixture
def store(store: Store) -> Store:
    return prepare(store)


def fail(store: Store, error: SkyClustError, *, started: datetime | None = None) -> Scope:
    with store.writing() as connection:
        return scopes.mark_failed(
            connection,
            "default",
            KEY,
            "aws",
            error,
            read_started_at=started or datetime.now(UTC),
            run_id="run",
        )


def test_a_scope_that_was_never_read_is_failed(store: Store) -> None:
    scope = fail(store, PermissionDenied("No ec2:DescribeInstances.", hint="Grant it."))
    assert scope.state is ScopeState.FAILED
    assert scope.error == "No ec2:DescribeInstances. Grant it."
    assert (scope.error_class, scope.run_id, scope.completed_at) == (
        "PermissionDenied",
        "run",
        None,
    )
    with store.reading() as connection:
        assert scopes.list_all(connection, "default") == [scope]


def test_a_scope_that_was_read_before_is_stale_and_keeps_its_rows(store: Store) -> None:
    sync(store, [machine("a")])
    scope = fail(store, Throttled("Slow down."))
    assert (scope.state, scope.resources) == (ScopeState.STALE, 1)
    assert scope.completed_at is not None
    assert scope.attempted_at is not None
    assert scope.attempted_at > scope.completed_at
    assert names(store) == ["a"]
    with store.reading() as connection:
        assert resources.find(connection, "default")[0].scope_state is ScopeState.STALE


def test_a_scope_that_fails_again_is_still_stale(store: Store) -> None:
    sync(store, [machine("a")])
    fail(store, Throttled("Slow down."))
    assert fail(store, Throttled("Slow down.")).state is ScopeState.STALE


def test_a_complete_read_makes_it_fresh_and_clears_the_error(store: Store) -> None:
    fail(store, Throttled("Slow down."))
    sync(store, [machine("a")])
    with store.reading() as connection:
        scope = scopes.list_all(connection, "default")[0]
    assert (scope.state, scope.error, scope.error_class) == (ScopeState.FRESH, None, None)


def test_a_kind_that_the_provider_lacks_is_unsupported(store: Store) -> None:
    assert fail(store, Unsupported("No snapshots here.")).state is ScopeState.UNSUPPORTED


def test_characters_that_no_engine_stores_are_replaced_in_an_error(store: Store) -> None:
    assert fail(store, Throttled("a\x00b\ud800c")).error == "a\ufffdb?c"


def test_a_credential_without_any_read_is_listed(store: Store) -> None:
    def unread() -> list[str]:
        with store.reading() as connection:
            return credentials.list_unread(connection, "default")

    assert unread() == [KEY.credential]
    fail(store, Throttled("slow"))
    assert unread() == []


def test_filters(store: Store) -> None:
    other = KEY.model_copy(update={"region": "us-east-1"})
    sync(store, [])
    sync(store, [], key=other)
    with store.reading() as connection:
        assert len(scopes.list_all(connection, "default")) == 2
        assert [
            one.key for one in scopes.list_all(connection, "default", regions=["us-east-1"])
        ] == [other]
        assert scopes.list_all(connection, "default", kinds=[ResourceKind.DISK]) == []
        assert scopes.list_all(connection, "default", credentials=["nobody"]) == []


def test_a_scope_of_an_unknown_credential_is_refused(store: Store) -> None:
    with store.writing() as connection:
        credentials.remove(connection, "default", "prod")
    with pytest.raises(NotFound, match="prod"):
        fail(store, Throttled("Slow down."))


def test_removing_a_credential_removes_its_scopes_and_ends_its_resources(store: Store) -> None:
    sync(store, [machine("a")])
    with store.writing() as connection:
        credentials.remove(connection, "default", "prod")
        assert scopes.list_all(connection, "default") == []
    assert names(store) == []


def the_scope(store: Store) -> Scope:
    with store.reading() as connection:
        [scope] = scopes.list_all(connection, "default")
    return scope


def complete(seconds: float) -> Callable[[Store], object]:
    """Store a complete read that began so long ago, of one instance of that name."""
    return lambda store: sync(store, [machine(f"m{seconds}")], started=ago(seconds), run_id="ok")


def failed(seconds: float) -> Callable[[Store], object]:
    """Mark a read as failed that began so long ago."""
    error = Throttled(f"Slow down, {seconds}.")
    return lambda store: fail(store, error, started=ago(seconds))


@pytest.mark.parametrize("order", [*permutations(range(2))])
def test_an_older_failed_read_does_not_age_a_later_complete_read(
    store: Store, order: Sequence[int]
) -> None:
    outcomes = [complete(10), failed(20)]
    for number in order:
        outcomes[number](store)
    scope = the_scope(store)
    assert (scope.state, scope.error, scope.error_class) == (ScopeState.FRESH, None, None)
    assert (scope.run_id, names(store)) == ("ok", ["m10"])


@pytest.mark.parametrize("order", [*permutations(range(2))])
def test_an_older_complete_read_does_not_hide_a_later_failure(
    store: Store, order: Sequence[int]
) -> None:
    outcomes = [complete(20), failed(10)]
    for number in order:
        outcomes[number](store)
    scope = the_scope(store)
    assert (scope.state, scope.error) == (ScopeState.STALE, "Slow down, 10.")
    assert scope.completed_at is not None
    assert names(store) == ["m20"]


@pytest.mark.parametrize("order", [*permutations(range(4))])
def test_the_latest_read_counts_in_whatever_order_reads_are_stored(
    store: Store, order: Sequence[int]
) -> None:
    outcomes = [failed(40), complete(30), failed(20), complete(10)]
    for number in order:
        outcomes[number](store)
    assert (the_scope(store).state, the_scope(store).error) == (ScopeState.FRESH, None)
    assert names(store) == ["m10"]


@pytest.mark.parametrize("order", [*permutations(range(2))])
def test_a_failed_read_that_began_with_the_complete_one_does_not_age_it(
    store: Store, order: Sequence[int]
) -> None:
    """The same read is stored and marked when its commit was not confirmed."""
    moment = ago(10)
    outcomes: list[Callable[[], object]] = [
        lambda: sync(store, [machine("a")], started=moment),
        lambda: fail(store, Throttled("Slow down."), started=moment),
    ]
    for number in order:
        outcomes[number]()
    assert the_scope(store).state is ScopeState.FRESH


def test_an_older_failure_does_not_replace_a_later_failure(store: Store) -> None:
    failed(10)(store)
    failed(20)(store)
    assert the_scope(store).error == "Slow down, 10."


def test_a_kind_found_unsupported_stays_so_after_an_older_complete_read(store: Store) -> None:
    fail(store, Unsupported("No snapshots here."), started=ago(10))
    complete(20)(store)
    assert the_scope(store).state is ScopeState.UNSUPPORTED


def test_a_failed_read_needs_a_time_with_a_timezone(store: Store) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001  what is refused
    with pytest.raises(InvalidRequest, match="no timezone"):
        fail(store, Throttled("Slow down."), started=naive)
