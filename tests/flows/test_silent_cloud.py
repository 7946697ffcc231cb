"""One dead cloud never delays or empties the others; one list may hold a whole account."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from skyclust.conformance.harness import Failure
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeState
from skyclust.orchestration.credentials import save_credential
from skyclust.orchestration.runs import RunOutcome, run_here
from skyclust.store import scopes
from tests.flows.conftest import REGION, Installation, add_account
from tests.flows.memory import MemoryAccount

pytestmark = pytest.mark.integration

SILENCE = 3.0


@pytest.fixture
def black_hole() -> Iterator[str]:
    """An endpoint that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def sync(**request: object) -> tuple[RunOutcome, float]:
    began = time.monotonic()
    outcome = run_here("sync-inventory", {"request": request})
    return outcome, time.monotonic() - began


def scopes_of(installation: Installation, credential: str) -> list[Scope]:
    with installation.store.reading() as connection:
        return scopes.list_all(connection, "default", credentials=[credential])


def test_a_cloud_that_never_answers_keeps_nobody_waiting(
    installation: Installation, black_hole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYCLUST_SILENCE_SECONDS", str(SILENCE))
    living, dead = installation.credential, f"{installation.credential}-dead"
    add_account(installation.store, dead, installation.sandbox.endpoint)
    before, usual = sync(regions=[REGION])
    assert before.succeeded, before.message
    dead_values = {"access_key_id": "k", "secret_access_key": "s", "endpoint": black_hole}
    save_credential(installation.store, "default", dead, "aws", dead_values, replace=True)
    stored_by = {scope.completed_at for scope in scopes_of(installation, living)}

    outcome, taken = sync(regions=[REGION])

    assert outcome.partial, outcome.message
    assert taken < usual + SILENCE + 2
    of_living, of_dead = scopes_of(installation, living), scopes_of(installation, dead)
    assert {scope.state for scope in of_living} == {ScopeState.FRESH}
    assert stored_by.isdisjoint({scope.completed_at for scope in of_living})
    assert {scope.state for scope in of_dead} == {ScopeState.STALE}
    assert {scope.error_class for scope in of_dead} == {"Timeout"}
    assert all("gave no answer for 3 s" in str(scope.error) for scope in of_dead)
    rows = outcome.tables["inventory-scopes-default"]
    assert {row["credential"] for row in rows if row["state"] == "stale"} == {dead}


def test_a_region_that_falls_silent_keeps_what_it_told_before(
    memory: MemoryAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sync(credentials=[memory.credential], regions=["east-1"])[0].succeeded
    monkeypatch.setenv("SKYCLUST_SILENCE_SECONDS", "1")
    memory.trouble.hanging_kind = ResourceKind.DISK
    outcome, taken = sync(credentials=[memory.credential], regions=["east-1"])

    assert outcome.partial, outcome.message
    assert taken < 10
    states = {scope.key.kind: scope.state for scope in memory.scopes()}
    assert states == {
        ResourceKind.INSTANCE: ScopeState.FRESH,
        ResourceKind.DISK: ScopeState.STALE,
        ResourceKind.IMAGE: ScopeState.STALE,
        ResourceKind.NETWORK: ScopeState.STALE,
    }
    late = {scope.error_class for scope in memory.scopes() if scope.state is ScopeState.STALE}
    assert late == {"Timeout"}
    memory.trouble.released.set()


def test_an_account_is_read_in_one_list_a_kind(memory: MemoryAccount) -> None:
    for region in ("east-1", "north-1", "west-1"):
        memory.cloud.add(region, "disk", f"disk-in-{region}")
    outcome, _ = sync(credentials=[memory.credential])

    assert outcome.succeeded, outcome.message
    assert {one.region for one in memory.known().values() if one.kind is ResourceKind.DISK} == {
        "east-1",
        "north-1",
        "west-1",
    }
    assert {scope.state for scope in memory.scopes()} == {ScopeState.FRESH}
    assert len(memory.scopes()) == 3 * len(memory.provider.kinds)
    assert sorted(memory.trouble.lists) == sorted(memory.provider.kinds)
    one_region, _ = sync(credentials=[memory.credential], regions=["north-1"])
    assert one_region.succeeded, one_region.message
    assert len(memory.trouble.lists) == len(memory.provider.kinds), "one region is read by itself"


def test_a_region_that_a_list_leaves_out_keeps_what_is_known_of_it(
    memory: MemoryAccount, caplog: pytest.LogCaptureFixture
) -> None:
    disk = memory.cloud.add("north-1", "disk", "data").id
    assert sync(credentials=[memory.credential])[0].succeeded
    memory.cloud.fail(Failure.DENIED, "north-1")
    memory.trouble.stray_region = "atlantis-1"
    outcome, _ = sync(credentials=[memory.credential])

    assert outcome.partial, outcome.message
    states = {(scope.key.region, scope.state) for scope in memory.scopes()}
    assert states == {
        ("east-1", ScopeState.FRESH),
        ("north-1", ScopeState.STALE),
        ("west-1", ScopeState.FRESH),
    }
    assert disk in memory.known()
    assert "stray" not in memory.known()
    assert "names no such regions, so what is there is not stored: 1 in atlantis-1" in caplog.text


def test_a_list_that_fails_leaves_every_region_of_its_kind_stale(memory: MemoryAccount) -> None:
    assert sync(credentials=[memory.credential])[0].succeeded
    memory.trouble.refused_kind = ResourceKind.DISK
    outcome, _ = sync(credentials=[memory.credential])
    assert outcome.partial, outcome.message
    stale = {scope.key for scope in memory.scopes() if scope.state is ScopeState.STALE}
    assert {(key.region, key.kind) for key in stale} == {
        (region, ResourceKind.DISK) for region in ("east-1", "north-1", "west-1")
    }


def test_a_retry_lists_only_what_is_not_settled(memory: MemoryAccount) -> None:
    memory.trouble.throttled_lists = 2
    outcome, _ = sync(credentials=[memory.credential])
    assert outcome.succeeded, outcome.message
    lists = memory.trouble.lists
    assert lists.count(ResourceKind.INSTANCE) == 3
    assert {lists.count(kind) for kind in memory.provider.kinds - {ResourceKind.INSTANCE}} == {1}
