"""A transaction that the database rolls back is repeated as a whole, a few times."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import httpx
import pytest
from sqlalchemy import Connection, event, func, select, update

from skyclust.errors import Conflict, InvalidRequest
from skyclust.orchestration.client import prefect_client
from skyclust.store import engine, transactions, workspaces
from skyclust.store.engine import Store, open_store
from skyclust.store.tables import workspaces as table


@pytest.fixture
def short_lock_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer waits one second for a lock; to be requested before the stores are opened."""
    monkeypatch.setattr(engine, "LOCK_SECONDS", 1)


@pytest.fixture
def two_stores(store_url: str) -> Iterator[tuple[Store, Store]]:
    """Two stores of one database, each with its own connections."""
    stores = [Store(engine._make_engine(engine._checked_url(store_url))) for _ in range(2)]
    stores[0].write(lambda connection: workspaces.add(connection, "other"))
    yield stores[0], stores[1]
    for store in stores:
        store.close()


def title(connection: Connection, workspace_id: str, text: str) -> None:
    connection.execute(update(table).where(table.c.workspace_id == workspace_id).values(title=text))


def titles(store: Store) -> set[str]:
    with store.reading() as connection:
        return {one.title for one in workspaces.list_all(connection)}


def test_of_two_deadlocked_transactions_one_is_repeated(two_stores: tuple[Store, Store]) -> None:
    """On SQLite they follow each other, because there is only one lock."""
    on_postgresql = two_stores[0].dialect == "postgresql"
    both_hold_one = Barrier(2)
    calls: list[str] = []

    def write(name: str, order: tuple[str, str], store: Store) -> None:
        def work(connection: Connection) -> None:
            calls.append(name)
            title(connection, order[0], name)
            if on_postgresql and calls.count(name) == 1:
                both_hold_one.wait(timeout=30)
            title(connection, order[1], name)

        store.write(work)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(write, "first", ("default", "other"), two_stores[0])
        second = pool.submit(write, "second", ("other", "default"), two_stores[1])
        first.result(timeout=60)
        second.result(timeout=60)
    assert len(calls) == (3 if on_postgresql else 2)
    assert titles(two_stores[0]) in ({"first"}, {"second"}), (
        "one's writes were mixed with the other's"
    )


def test_a_writer_whose_lock_timed_out_is_repeated_and_commits(
    short_lock_timeout: None, two_stores: tuple[Store, Store]
) -> None:
    has_the_lock, may_end, was_broken_off = Event(), Event(), Event()
    event.listen(two_stores[1]._engine, "handle_error", lambda _: was_broken_off.set())

    def hold() -> None:
        with two_stores[0].writing() as connection:
            title(connection, "default", "held")
            has_the_lock.set()
            may_end.wait(timeout=30)

    with ThreadPoolExecutor(2) as pool:
        holder = pool.submit(hold)
        assert has_the_lock.wait(timeout=30)
        waiter = pool.submit(two_stores[1].write, lambda late: title(late, "default", "mine"))
        assert was_broken_off.wait(timeout=30)
        may_end.set()
        holder.result(timeout=30)
        waiter.result(timeout=60)
    assert "mine" in titles(two_stores[0])


def test_a_lock_that_is_never_free_is_a_conflict_in_the_end(
    short_lock_timeout: None, two_stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "TRIES", 2)
    with two_stores[0].writing() as connection:
        title(connection, "default", "held")
        with pytest.raises(Conflict):
            two_stores[1].write(lambda late: title(late, "default", "mine"))


@pytest.mark.parametrize("error", [InvalidRequest("No."), Conflict("Busy.", provider="aws")])
def test_an_error_of_the_work_itself_is_not_repeated(store: Store, error: Exception) -> None:
    calls: list[int] = []

    def work(connection: Connection) -> None:
        calls.append(1)
        title(connection, "default", "never")
        raise error

    with pytest.raises(type(error)):
        store.write(work)
    assert calls == [1]
    assert titles(store) == {"Default"}


@pytest.mark.parametrize(
    ("code", "provider", "again"),
    [
        ("40P01", "", True),  # deadlock_detected
        ("40001", "", True),  # serialization_failure
        ("55P03", "", True),  # lock_not_available
        ("SQLITE_BUSY", "", True),
        ("SQLITE_BUSY_SNAPSHOT", "", True),
        ("SQLITE_LOCKED", "", True),
        ("23505", "", False),  # unique_violation: it would be so again
        ("SQLITE_CONSTRAINT_UNIQUE", "", False),
        ("", "", False),
        ("40001", "aws", False),  # a cloud's own code
    ],
)
def test_only_a_transaction_that_was_rolled_back_is_repeated(
    code: str, provider: str, again: bool
) -> None:
    error = Conflict("Busy.", code=code, provider=provider)
    assert transactions.is_rolled_back(error) is again


def test_what_the_work_returns_is_returned(store: Store) -> None:
    assert store.write(lambda connection: connection.scalar(select(func.count(table.c.title)))) == 1


class TestNoNetwork:
    def test_prefect_is_not_called_inside_a_write_transaction(self, sqlite_store: Store) -> None:
        with (
            pytest.raises(RuntimeError, match=r"Prefect server was called inside a write"),
            sqlite_store.writing(),
            prefect_client(),
        ):
            pass

    def test_the_tests_themselves_refuse_every_request_there(
        self, sqlite_store: Store, network_calls_in_transactions: list[str]
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            url = f"http://127.0.0.1:{server.getsockname()[1]}/"
            with pytest.raises(RuntimeError, match="HTTPTransport"), sqlite_store.writing():
                httpx.get(url, timeout=1)
        network_calls_in_transactions.clear()  # the test made them on purpose

    def test_after_the_transaction_it_may_be_called_again(self, sqlite_store: Store) -> None:
        with pytest.raises(InvalidRequest), sqlite_store.writing():
            raise InvalidRequest("No.")
        transactions.refuse_inside_write("Anything")

    def test_reading_is_no_write_transaction(self, sqlite_store: Store) -> None:
        with sqlite_store.reading():
            transactions.refuse_inside_write("Anything")


def test_opening_a_store_again_is_cheap_to_repeat(store_url: str) -> None:
    """`migrate` is repeated like any other write, and does nothing the second time."""
    store = open_store(store_url)
    store.migrate()
    store.migrate()
    assert store.has_newest_schema()
    store.dispose()
