"""What a scope says of itself after reads that failed."""

from __future__ import annotations

import pytest

from skyclust.errors import NotFound, PermissionDenied, Throttled, Unsupported
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeState
from skyclust.store import credentials, resources, scopes
from skyclust.store.engine import Store
from tests.unit.store.inventory import KEY, machine, names, prepare, sync


@pytest.fixture
def store(store: Store) -> Store:
    return prepare(store)


def fail(store: Store, error: Exception) -> Scope:
    with store.writing() as connection:
        return scopes.mark_failed(connection, "default", KEY, "aws", error, "run")  # type: ignore[arg-type]  # any of the tree


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


def test_a_kind_that_the_provider_has_not_is_unsupported(store: Store) -> None:
    assert fail(store, Unsupported("No snapshots here.")).state is ScopeState.UNSUPPORTED


def test_what_no_engine_keeps_is_replaced_in_an_error(store: Store) -> None:
    assert fail(store, Throttled("a\x00b\ud800c")).error == "a\ufffdb?c"


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
