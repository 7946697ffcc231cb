"""Events reach Prefect once, in order, whoever dies and whenever."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event as Signal
from threading import Lock, Thread
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from sqlalchemy import text, update

from skyclust.errors import SkyClustError, Unavailable
from skyclust.model.event import Event
from skyclust.orchestration.deferred_work import do_deferred_work
from skyclust.orchestration.dispatch import send_events, try_to_send
from skyclust.orchestration.runs import run_here
from skyclust.store import outbox, workspaces
from skyclust.store.engine import Store, open_store
from skyclust.store.tables import outbox_heads
from tests.fixtures.prefect import PrefectServer, free_port
from tests.flows.conftest import eventually
from tests.flows.memory import MemoryAccount

pytestmark = pytest.mark.integration


class Recorder:
    """An API that takes events and keeps them, and can be slow, refuse them, or fail."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.requests: list[int] = []
        self.status = 204
        self.csrf_says = '{"detail": "CSRF protection is disabled."}'
        self.at_work = 0
        self.most_at_work = 0
        self.slow = Signal()
        self._lock = Lock()

    def take(self, events: list[dict[str, Any]]) -> int:
        with self._lock:
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
        self.slow.wait(timeout=0.05)
        with self._lock:
            self.at_work -= 1
            self.requests.append(len(events))
            if any(one["event"] == "bad" for one in events):
                return 422
            if self.status == 204:
                self.received += [one["event"] for one in events]
            return self.status


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """The configured Prefect server is one that keeps what it is sent."""
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = recorder.take(json.loads(body)) if self.path == "/api/events" else 404
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            """Say that no CSRF token is wanted, as the real server does."""
            said = recorder.csrf_says.encode()
            self.send_response(422)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *arguments: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/api"
    with temporary_settings(updates={PREFECT_API_URL: url, PREFECT_CLIENT_MAX_RETRIES: 0}):
        yield recorder
    server.shutdown()
    server.server_close()


def event(name: str, **changed: Any) -> Event:
    fields: dict[str, Any] = {
        "id": str(uuid4()),
        "name": name,
        "occurred_at": datetime.now(UTC),
        "resource": {"prefect.resource.id": "skyclust.test"},
    }
    return Event.model_validate(fields | changed)


def add(store: Store, *names: str, workspace_id: str = "default") -> None:
    store.write(
        lambda connection: outbox.add(connection, workspace_id, [event(name) for name in names])
    )


def waiting(store: Store) -> list[str]:
    with store.reading() as connection:
        return [one.event.name for one in outbox.waiting(connection, "default")]


def expire(store: Store) -> None:
    """Let the clock go on until a dead sender has let go."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    store.write(lambda connection: connection.execute(update(outbox_heads).values(held_until=past)))


def stored(ids: list[str]) -> list[dict[str, Any]]:
    """The events with these ids that the real server has stored, oldest first."""
    query = {"filter": {"id": {"id": ids}, "order": "ASC"}, "limit": 50}
    with get_client(sync_client=True) as client:
        answer = client.request("POST", "/events/filter", json=query)
    found: list[dict[str, Any]] = answer.json()["events"]
    return found


class TestSending:
    def test_all_are_sent_in_order_and_forgotten(self, store: Store, recorder: Recorder) -> None:
        names = [f"{number:03}" for number in range(230)]
        add(store, *names[:200])
        add(store, *names[200:])
        assert send_events(store) == 230
        assert recorder.received == names
        assert recorder.requests == [100, 100, 30]
        assert (waiting(store), send_events(store)) == ([], 0)

    def test_senders_at_once_send_each_event_once_and_in_order(
        self, store: Store, recorder: Recorder
    ) -> None:
        """Those who come while another one sends go away, and what they wrote is sent as well."""
        written: list[str] = []
        lock = Lock()

        def write_and_send(number: int) -> None:
            for index in range(6):
                with lock:
                    name = f"{number}-{index}"
                    add(store, name)
                    written.append(name)
                send_events(store)

        with ThreadPoolExecutor(4) as pool:
            runs = [pool.submit(copy_context().run, write_and_send, one) for one in range(4)]
            for one in runs:
                one.result(timeout=120)
        assert waiting(store) == []
        assert recorder.received == written
        assert recorder.most_at_work == 1

    def test_workspaces_do_not_wait_for_each_other(self, store: Store, recorder: Recorder) -> None:
        store.write(lambda connection: workspaces.add(connection, "other"))
        add(store, "held")
        add(store, "free", workspace_id="other")
        store.write(lambda connection: outbox.hold(connection, "default", "someone else"))
        assert send_events(store) == 1
        assert recorder.received == ["free"]
        expire(store)
        assert send_events(store) == 1

    def test_an_event_that_can_never_be_taken_does_not_stop_the_others(
        self, store: Store, recorder: Recorder
    ) -> None:
        add(store, "a", "bad", "c")
        assert send_events(store) == 2
        assert recorder.received == ["a", "c"]
        add(store, "d")
        assert send_events(store) == 1
        assert waiting(store) == []

    def test_what_a_server_in_trouble_refuses_stays(
        self, sqlite_store: Store, recorder: Recorder
    ) -> None:
        add(sqlite_store, "a", "b")
        for recorder.status in (401, 404, 429, 500, 503):
            with pytest.raises(SkyClustError):
                send_events(sqlite_store)
            try_to_send(sqlite_store)
            assert waiting(sqlite_store) == ["a", "b"]
        recorder.status, recorder.csrf_says, good = 204, "What client?", recorder.csrf_says
        with pytest.raises(SkyClustError):
            send_events(sqlite_store)
        assert waiting(sqlite_store) == ["a", "b"], "it was not the events that were refused"
        recorder.csrf_says = good
        assert send_events(sqlite_store) == 2, "nobody holds the workspace any more"

    def test_without_a_server_events_stay_and_nothing_else_fails(self, sqlite_store: Store) -> None:
        add(sqlite_store, "a")
        nowhere = {PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}
        with temporary_settings(updates={**nowhere, PREFECT_CLIENT_MAX_RETRIES: 0}):
            do_deferred_work(sqlite_store)
            with pytest.raises(Unavailable):
                send_events(sqlite_store)
        assert waiting(sqlite_store) == ["a"]

    def test_a_mark_that_fails_sends_the_same_events_again(
        self, sqlite_store: Store, recorder: Recorder
    ) -> None:
        """The server has them and we do not know it: they come again with the same ids."""
        add(sqlite_store, "a")
        forbid = "CREATE TRIGGER no BEFORE DELETE ON outbox BEGIN SELECT RAISE(ABORT, 'no'); END"
        sqlite_store.write(lambda connection: connection.execute(text(forbid)))
        try_to_send(sqlite_store)
        assert (recorder.received, waiting(sqlite_store)) == (["a"], ["a"])
        sqlite_store.write(lambda connection: connection.execute(text("DROP TRIGGER no")))
        assert send_events(sqlite_store) == 1
        assert recorder.received == ["a", "a"]


# Ends like `kill -9` at a place of the sending; what it has sent and marked until then counts.
DIE = """
import os, signal, sys
from skyclust.orchestration import dispatch
from skyclust.store.engine import open_store
setattr(dispatch, sys.argv[1], lambda *arguments: os.kill(os.getpid(), signal.SIGKILL))
dispatch.send_events(open_store())
"""


class TestCrashes:
    @pytest.mark.parametrize("place", ["_post", "_mark"])
    def test_a_sender_that_is_killed_leaves_its_events_to_the_next(
        self,
        place: str,
        prefect_server: PrefectServer,
        sqlite_url: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("SKYCLUST_DATABASE_URL", sqlite_url)
        store = open_store()
        events = [event(f"skyclust.test.{number}") for number in range(3)]
        store.write(lambda connection: outbox.add(connection, "default", events))
        died = subprocess.run([sys.executable, "-c", DIE, place], check=False, timeout=60)
        assert died.returncode == -signal.SIGKILL

        assert send_events(store) == 0, "the dead one holds the workspace for a while"
        expire(store)
        assert send_events(store) == 3
        ids = [one.id for one in events]
        found = eventually(lambda: stored(ids), lambda rows: len(rows) >= 3)
        assert [one["id"] for one in found] == ids, "each once, in order"
        assert waiting(store) == []
        store.dispose()

    def test_the_recovery_sends_what_a_killed_run_has_left(self, memory: MemoryAccount) -> None:
        left = event("skyclust.test.left")
        memory.store.write(lambda connection: outbox.add(connection, "default", [left]))
        outcome = run_here("recover-operations", {})
        assert outcome.message == "No operation needs recovery."
        [found] = eventually(lambda: stored([left.id]), bool)
        assert found["event"] == "skyclust.test.left"
        assert waiting(memory.store) == []


class TestRealServer:
    def test_the_server_says_which_event_it_can_never_take(
        self, prefect_server: PrefectServer, sqlite_store: Store, tmp_path: Path
    ) -> None:
        good, bad, last = event("good"), event("bad", resource={"name": "no id"}), event("last")
        sqlite_store.write(lambda connection: outbox.add(connection, "default", [good, bad, last]))
        assert send_events(sqlite_store) == 2
        ids = [good.id, bad.id, last.id]
        found = eventually(lambda: stored(ids), lambda rows: len(rows) == 2)
        assert [one["id"] for one in found] == [good.id, last.id]
