"""The outbox: with what they tell of or not at all, in the order of commits, one sender."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from threading import Event as Signal
from uuid import uuid4

import pytest
from sqlalchemy import Connection, select, update

from skyclust.errors import InvalidRequest
from skyclust.model.event import Event
from skyclust.store import outbox
from skyclust.store.engine import Store
from skyclust.store.tables import outbox as outbox_table
from skyclust.store.tables import outbox_heads
from tests.unit.store.inventory import prepare


def event(name: str, *, occurred: datetime | None = None, **payload: str) -> Event:
    return Event(
        id=str(uuid4()),
        name=name,
        occurred_at=occurred or datetime.now(UTC),
        resource={"prefect.resource.id": f"test.{name}"},
        related=({"prefect.resource.id": "prefect.flow-run.1", "prefect.resource.role": "run"},),
        payload=dict(payload),
    )


def add(store: Store, *names: str, workspace_id: str = "default") -> None:
    with store.writing() as connection:
        outbox.add(connection, workspace_id, [event(name) for name in names])


def waiting(store: Store, workspace_id: str = "default") -> list[str]:
    with store.reading() as connection:
        return [one.event.name for one in outbox.waiting(connection, workspace_id)]


def hold(store: Store, holder: str) -> bool:
    with store.writing() as connection:
        return outbox.hold(connection, "default", holder)


def test_an_event_comes_back_as_it_was_written(store: Store) -> None:
    written = event("first", state="running")
    with store.writing() as connection:
        outbox.add(connection, "default", [written])
    with store.reading() as connection:
        [found] = outbox.waiting(connection, "default")
    assert (found.sequence, found.event) == (1, written)


def test_a_unit_of_work_that_fails_leaves_no_event(store: Store) -> None:
    def work(connection: Connection) -> None:
        outbox.add(connection, "default", [event("never")])
        raise InvalidRequest("No.")

    with pytest.raises(InvalidRequest):
        store.write(work)
    assert waiting(store) == []
    add(store, "first")
    with store.reading() as connection:
        assert [one.sequence for one in outbox.waiting(connection, "default")] == [1]


def test_each_workspace_has_its_own_numbers(store: Store) -> None:
    prepare(store, "other")
    add(store, "a", "b")
    add(store, "c", workspace_id="other")
    with store.reading() as connection:
        assert outbox.waiting_workspaces(connection) == ["default", "other"]
        assert [one.sequence for one in outbox.waiting(connection, "other")] == [1]
        assert [one.sequence for one in outbox.waiting(connection, "default")] == [1, 2]


def test_numbers_follow_the_commits_and_not_the_first_statements(store: Store) -> None:
    """Who began first and commits last comes last: nothing appears before what was sent.

    On SQLite the second one waits for the first, which has the only lock.
    """
    began, written = Signal(), Signal()

    def slow() -> None:
        with store.writing() as connection:
            began.set()
            if store.dialect == "postgresql":
                assert written.wait(timeout=30)
            outbox.add(connection, "default", [event("slow")])

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(slow)
        assert began.wait(timeout=30)
        add(store, "quick")
        written.set()
        running.result(timeout=30)
    expected = ["quick", "slow"] if store.dialect == "postgresql" else ["slow", "quick"]
    assert waiting(store) == expected


def test_many_writers_leave_no_gap_and_no_double(store: Store) -> None:
    ready = Barrier(5)

    def write(number: int) -> None:
        ready.wait(timeout=30)
        for index in range(8):
            add(store, f"{number}-{index}a", f"{number}-{index}b")

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(write, range(5)))
    with store.reading() as connection:
        found = outbox.waiting(connection, "default")
    assert [one.sequence for one in found] == list(range(1, 81))
    mine = [one.event.name for one in found if one.event.name.startswith("3-")]
    assert mine == [f"3-{index}{letter}" for index in range(8) for letter in "ab"]


def test_one_sender_holds_a_workspace_until_it_lets_go(store: Store) -> None:
    add(store, "a")
    assert hold(store, "first")
    assert hold(store, "first"), "it holds on"
    assert not hold(store, "second")
    with store.writing() as connection:
        outbox.let_go(connection, "default", "second")
    assert not hold(store, "second"), "nobody lets go for another one"
    with store.writing() as connection:
        outbox.let_go(connection, "default", "first")
    assert hold(store, "second")


def test_a_sender_that_died_lets_go_by_the_clock(store: Store) -> None:
    add(store, "a")
    assert hold(store, "dead")
    with store.writing() as connection:
        connection.execute(
            update(outbox_heads).values(held_until=datetime.now(UTC) - timedelta(seconds=1))
        )
    assert hold(store, "next")
    assert not hold(store, "dead")


def test_what_was_sent_is_forgotten_and_what_was_refused_is_kept_for_a_while(store: Store) -> None:
    add(store, "a", "b", "c")
    with store.writing() as connection:
        outbox.refuse(connection, "default", 2, "No resource\x00.")
        outbox.remove(connection, "default", [1])
    assert waiting(store) == ["c"]
    assert _all(store) == ["b", "c"]
    with store.writing() as connection:
        old = datetime.now(UTC) - outbox.REFUSED_KEPT_FOR - timedelta(days=1)
        connection.execute(update(outbox_table).values(occurred_at=old))
        outbox.remove(connection, "default", [])
    assert _all(store) == ["c"]


def test_numbers_go_on_after_everything_was_sent(store: Store) -> None:
    add(store, "a", "b")
    with store.writing() as connection:
        outbox.remove(connection, "default", [1, 2])
    add(store, "c")
    with store.reading() as connection:
        assert [one.sequence for one in outbox.waiting(connection, "default")] == [3]


def test_what_no_engine_keeps_does_not_undo_what_happened(store: Store) -> None:
    odd = event("odd", text="a\x00b\ud800c").model_copy(
        update={"resource": {"prefect.resource.id": "x\x00y"}}
    )
    with store.writing() as connection:
        outbox.add(connection, "default", [odd])
    with store.reading() as connection:
        [found] = outbox.waiting(connection, "default")
    assert found.event.payload == {"text": "a\ufffdb?c"}
    assert found.event.resource == {"prefect.resource.id": "x\ufffdy"}


def test_a_page_has_as_many_as_asked_for(store: Store) -> None:
    add(store, *map(str, range(5)))
    with store.reading() as connection:
        assert len(outbox.waiting(connection, "default", limit=2)) == 2


def _all(store: Store) -> list[str]:
    query = select(outbox_table.c.event).order_by(outbox_table.c.sequence)
    with store.reading() as connection:
        return list(connection.scalars(query))
