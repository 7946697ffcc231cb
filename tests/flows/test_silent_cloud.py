"""One dead cloud never delays or empties the others; one list may hold a whole account."""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest

from skyclust.conformance.harness import Failure
from skyclust.inventory.scheduler import WORKERS
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeState
from skyclust.orchestration.credentials import save_credential
from skyclust.orchestration.runs import RunOutcome, run_here
from skyclust.store import scopes
from tests.flows.conftest import REGION, Installation, add_account
from tests.flows.memory import MemoryAccount, UnsteadyProvider

pytestmark = pytest.mark.integration

SILENCE = 6.0
"""Longer than a living sandbox can take for an answer on a machine under load."""


@pytest.fixture
def black_hole() -> Iterator[str]:
    """An endpoint that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def sync(**request: object) -> tuple[RunOutcome, float]:
    began = time.monotonic()
    outcome = run_here("sync-inventory", request)
    return outcome, time.monotonic() - began


def scopes_of(installation: Installation, credential: str) -> list[Scope]:
    with installation.store.reading() as connection:
        return scopes.list_all(connection, "default", credentials=[credential])


def test_a_cloud_that_never_answers_keeps_nobody_waiting(
    installation: Installation, black_hole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    living, dead = installation.credential, f"{installation.credential}-dead"
    add_account(installation.store, dead, installation.sandbox.endpoint)
    before, usual = sync(regions=[REGION])
    assert before.succeeded, before.message
    dead_values = {"access_key_id": "k", "secret_access_key": "s", "endpoint": black_hole}
    save_credential(installation.store, "default", dead, "aws", dead_values, replace=True)
    monkeypatch.setenv("SKYCLUST_SILENCE_SECONDS", str(SILENCE))
    stored_by = {scope.completed_at for scope in scopes_of(installation, living)}

    outcome, taken = sync(regions=[REGION])

    assert outcome.partial, outcome.message
    assert taken < usual + SILENCE + 2
    of_living, of_dead = scopes_of(installation, living), scopes_of(installation, dead)
    assert {scope.state for scope in of_living} == {ScopeState.FRESH}
    assert stored_by.isdisjoint({scope.completed_at for scope in of_living})
    assert {scope.state for scope in of_dead} == {ScopeState.STALE}
    assert {scope.error_class for scope in of_dead} == {"Timeout"}
    assert all("gave no answer for 6 s" in str(scope.error) for scope in of_dead)
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


def test_a_service_that_falls_silent_takes_no_other_with_it(
    memory: MemoryAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kinds of other services stay fresh, and the reason names the one that hangs."""
    services = {ResourceKind.INSTANCE: "Machines", ResourceKind.NETWORK: "Machines"}
    name = classmethod(lambda _, kind: services.get(kind, "Storage"))
    monkeypatch.setattr(UnsteadyProvider, "service_of", name)
    region = ["east-1"]
    assert sync(credentials=[memory.credential], regions=region)[0].succeeded
    before = {scope.key.kind: scope.completed_at for scope in memory.scopes()}
    monkeypatch.setenv("SKYCLUST_SILENCE_SECONDS", "1")
    memory.trouble.hanging_kind = ResourceKind.DISK
    outcome, taken = sync(credentials=[memory.credential], regions=region)

    assert outcome.partial, outcome.message
    assert taken < 10
    scopes = {scope.key.kind: scope for scope in memory.scopes()}
    for kind, scope in scopes.items():
        if kind in services:
            assert scope.state is ScopeState.FRESH
            assert scope.completed_at != before[kind]
        else:
            assert (scope.state, scope.error_class) == (ScopeState.STALE, "Timeout")
            assert "east-1 Storage gave no answer for 1 s" in str(scope.error)
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
    assert (
        "names no such regions, so their resources are not stored: 1 in atlantis-1" in caplog.text
    )


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


class Dying(ThreadingHTTPServer):
    """Stands before a cloud: it lets through that an account is asked for its regions, and
    never says a word to any other call.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, cloud: str) -> None:
        super().__init__(("127.0.0.1", 0), Door)
        self.cloud = cloud
        self.over = Event()
        self.asked: list[str] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Door(BaseHTTPRequestHandler):
    """One call that came to a cloud that is dying."""

    server: Dying

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if b"Action=DescribeRegions" not in body:
            self.server.asked.append(self.headers["Authorization"])
            self.server.over.wait()
            return
        call = urllib.request.Request(self.server.cloud, data=body, headers=dict(self.headers))
        with urllib.request.urlopen(call) as answer:
            told = answer.read()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def dying(installation: Installation) -> Iterator[Dying]:
    with Dying(installation.sandbox.endpoint) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


def test_a_cloud_that_dies_after_it_told_its_regions_keeps_nobody_waiting(
    installation: Installation, dying: Dying, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two such accounts have more regions than are read at once: they wait in no rounds."""
    living = installation.credential
    dead = [f"{living}-a-dead", f"{living}-b-dead"]
    for name in dead:
        add_account(installation.store, name, installation.sandbox.endpoint)
    before, usual = sync(kinds=["instance"])
    assert before.succeeded, before.message
    regions = {scope.key.region for scope in scopes_of(installation, living)}
    assert len(dead) * len(regions) > WORKERS
    values = {"access_key_id": "sandbox", "secret_access_key": "s", "endpoint": dying.endpoint}
    for name in dead:
        save_credential(installation.store, "default", name, "aws", values, replace=True)
    monkeypatch.setenv("SKYCLUST_SILENCE_SECONDS", str(SILENCE))
    stored_by = {scope.completed_at for scope in scopes_of(installation, living)}

    outcome, taken = sync(kinds=["instance"])

    assert outcome.partial, outcome.message
    assert taken < usual + SILENCE + 2
    of_living = scopes_of(installation, living)
    assert {scope.state for scope in of_living} == {ScopeState.FRESH}
    assert stored_by.isdisjoint({scope.completed_at for scope in of_living})
    for name in dead:
        of_dead = scopes_of(installation, name)
        assert {scope.key.region for scope in of_dead} == regions
        assert {scope.state for scope in of_dead} == {ScopeState.STALE}
        answered = [one.error for one in of_dead if "gave no answer for 6 s" not in str(one.error)]
        assert answered == []
        assert {scope.error_class for scope in of_dead} == {"Timeout"}
