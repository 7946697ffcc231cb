"""Two transactions that meet while each holds what the other one wants: neither may be the victim.

The window is held open: each stops after the statement that takes its first lock until the other
one has taken its own, or until it is clear that the other one waits. In the order of the store
one waits for the other and both commit; in any other order PostgreSQL ends one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event, current_thread
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, event

from skyclust.errors import CapacityExhausted, Throttled
from skyclust.inventory.kind_read import KindRead
from skyclust.inventory.storing import ReadOptions, store_read
from skyclust.model.credential_key import CredentialKey
from skyclust.model.instance import SealedInstanceSpec
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation, OperationState
from skyclust.model.provision_request import ProvisionRequest
from skyclust.model.resource import ResourceKind
from skyclust.operations.instance.planning import Attempt, plan_creations
from skyclust.operations.journal import advance, journal_all
from skyclust.operations.position import Position
from skyclust.operations.step_result import StepResult
from skyclust.store import credentials, operations, resources
from skyclust.store.engine import Store, open_store
from skyclust.store.operations import NewOperation
from tests.fixtures.execution import journal_execution
from tests.unit.store.inventory import REGION, machine

# SQLite has one lock, which is taken first of all: no window can be held open there.
pytestmark = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)

HELD_FOR = 0.7
"""Seconds for which a window is held open when the other transaction does not come."""


class Window:
    """Stops each of two threads after its first lock until the other one has its own."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self._at: dict[str, str] = {}
        self._taken: dict[str, Event] = {}

    def stop(self, thread: str, after: str) -> None:
        """Let a thread stop after the first statement that has this text."""
        self._at[thread] = after
        self._taken[thread] = Event()

    def run(self, **works: Callable[[], object]) -> dict[str, object]:
        """Run both, each in a thread of its name, and return what they returned."""
        with ThreadPoolExecutor(len(works)) as pool:
            futures = {name: pool.submit(self._named, name, work) for name, work in works.items()}
            return {name: future.result(timeout=60) for name, future in futures.items()}

    def executed(self, connection: Any, cursor: Any, statement: str, *others: Any) -> None:
        name = current_thread().name
        mark = self._at.get(name)
        if mark is None or mark not in " ".join(statement.split()) or self._taken[name].is_set():
            return
        self._taken[name].set()
        for other, taken in self._taken.items():
            if other != name:
                taken.wait(timeout=HELD_FOR)

    def failed(self, context: Any) -> None:
        self.errors.append(str(getattr(context.original_exception, "sqlstate", "")))

    def _named(self, name: str, work: Callable[[], object]) -> object:
        current_thread().name = name
        return work()


@pytest.fixture
def window() -> Iterator[Window]:
    """A window over every engine; a deadlock in it fails the test, repeated or not."""
    window = Window()
    event.listen(Engine, "after_cursor_execute", window.executed)
    event.listen(Engine, "handle_error", window.failed)
    yield window
    event.remove(Engine, "after_cursor_execute", window.executed)
    event.remove(Engine, "handle_error", window.failed)
    assert window.errors == []


@pytest.fixture
def store(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store with two credentials; tasks open the same one."""
    monkeypatch.setenv("SKYCLUST_DATABASE_URL", store_url)
    opened = open_store()
    with opened.writing() as connection:
        for name in ("first", "second"):
            credentials.add(connection, "default", name=name, provider="aws", block_name=name)
    yield opened
    opened.dispose()


def attempt(credential: str, name: str = "web") -> Attempt:
    spec = SealedInstanceSpec(name=name, region=REGION, type="small", image="debian")
    return Attempt(credential, "aws", spec)


def creation(*credentials: str, run_id: str, name: str = "web") -> list[NewOperation]:
    """A machine that is tried with the first credential, then with the others."""
    ways = [attempt(credential, name) for credential in credentials]
    request = ProvisionRequest(credential=credentials[0], spec=ways[0].spec)
    return plan_creations(request, ways, run_id=run_id)


def requested(store: Store, *credentials: str) -> Operation:
    """An operation whose request was sent to the cloud."""
    run_id = str(uuid4())
    with store.writing() as connection:
        [operation] = operations.journal(
            connection, "default", creation(*credentials, run_id=run_id), run_id=run_id
        )
        return operations.advance(
            connection,
            "default",
            operation.id,
            operation.epoch,
            step=Position.REQUESTED,
            state=OperationState.RUNNING,
        )


NO_CAPACITY = StepResult(Position.FAILED, error=CapacityExhausted("Full.", provider="aws"))
HEAD = "FROM audit_heads"
CREDENTIAL = "FROM credentials"
ROW = "UPDATE operations"


@pytest.mark.parametrize("place", [HEAD, ROW])
def test_the_next_try_of_one_machine_and_the_journal_of_another(
    store: Store, window: Window, place: str
) -> None:
    """The end of a try takes a second credential, which whoever journals there holds."""
    ending = requested(store, "first", "second")
    window.stop("ends", after=place)
    window.stop("journals", after=CREDENTIAL)
    planned = creation("second", run_id=str(uuid4()), name="db")
    window.run(
        ends=lambda: advance(journal_execution(store), ending, NO_CAPACITY),
        journals=lambda: journal_all(journal_execution(store), "default", planned),
    )
    with store.reading() as connection:
        found = operations.list_all(connection, "default")
    assert len(found) == 3
    assert {one.credential for one in found if not one.state.final} == {"second"}


def test_two_tries_that_each_go_on_where_the_other_was(store: Store, window: Window) -> None:
    one, other = requested(store, "first", "second"), requested(store, "second", "first")
    window.stop("one", after=ROW)
    window.stop("other", after=ROW)
    window.run(
        one=lambda: advance(journal_execution(store), one, NO_CAPACITY),
        other=lambda: advance(journal_execution(store), other, NO_CAPACITY),
    )
    with store.reading() as connection:
        assert len(operations.open_operations(connection, "default")) == 2


def test_a_repeated_run_journals_while_its_first_machine_ends(store: Store, window: Window) -> None:
    """It adds a machine to the trail and takes another one over, which ends just now."""
    run_id = str(uuid4())
    request = ProvisionRequest(credential="first", spec=attempt("first").spec, count=2)
    planned = plan_creations(request, [attempt("first")], run_id=run_id)
    with store.writing() as connection:
        [ending] = operations.journal(connection, "default", planned[:1], run_id=run_id)
    window.stop("ends", after=ROW)
    window.stop("repeats", after=HEAD)
    window.run(
        ends=lambda: advance(journal_execution(store), ending, NO_CAPACITY),
        repeats=lambda: journal_all(journal_execution(store), "default", planned),
    )
    with store.reading() as connection:
        ended, begun = (operations.get(connection, "default", one.id) for one in planned)
    assert (ended.state, begun.state) == (OperationState.FAILED, OperationState.PENDING)


def test_a_machine_ends_while_its_scope_is_stored_and_while_another_read_fails(
    store: Store, window: Window
) -> None:
    credential = CredentialKey("default", "first", "aws")
    ending = requested(store, "first")
    with store.writing() as connection:
        resources.record(connection, "default", "first", machine("a"), run_id=None)
    options = ReadOptions("run", brake_share=1.0, allow_mass_delete=True)
    read = KindRead(ResourceKind.INSTANCE, ending.created_at, {REGION: []}, {})
    lost = KindRead(ResourceKind.INSTANCE, ending.created_at, {}, {REGION: Throttled("Slow down.")})
    window.stop("ends", after=ROW)
    window.stop("stores", after="pg_advisory_xact_lock")
    window.run(
        ends=lambda: advance(journal_execution(store), ending, NO_CAPACITY),
        stores=lambda: store_read(store, credential, read, options),
        marks=lambda: store_read(store, credential, lost, options),
    )


def test_a_credential_is_verified_and_removed_while_its_machine_ends(
    store: Store, window: Window
) -> None:
    ending = requested(store, "first")

    def verify() -> None:
        with store.writing() as connection:
            credentials.set_verified(connection, "default", "first", "account", "me")

    window.stop("ends", after=ROW)
    window.stop("verifies", after="UPDATE credentials")
    window.run(ends=lambda: advance(journal_execution(store), ending, NO_CAPACITY), verifies=verify)
    with store.reading() as connection:
        assert credentials.get(connection, "default", "first").account == "account"
        kinds = {one.kind for one in operations.list_all(connection, "default")}
    assert kinds == {InstanceAction.CREATE}
