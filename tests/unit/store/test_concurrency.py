"""Many writers at once: threads, each with its own connection, on one database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any, TypeVar

import pytest
from sqlalchemy import func, select

from skyclust.errors import Fenced
from skyclust.model.change import ScopeChanges
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation
from skyclust.store import audit, operations, resources
from skyclust.store.engine import Store
from skyclust.store.operations import NewOperation
from skyclust.store.tables import resource_versions
from tests.unit.store.inventory import REGION, machine, machines, names, prepare, sync

WRITERS = 6

_Result = TypeVar("_Result")


@pytest.fixture
def store(store: Store) -> Store:
    return prepare(store)


def at_once(work: Callable[[int], _Result], writers: int = WRITERS) -> list[_Result]:
    """Return the result of each writer; all of them start at the same time."""
    ready = Barrier(writers)

    def one(number: int) -> _Result:
        ready.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(writers) as pool:
        return list(pool.map(one, range(writers)))


def planned(number: int) -> list[NewOperation]:
    return [
        NewOperation(
            id=f"operation-{index}",
            subject_kind="instance",
            kind=InstanceAction.CREATE,
            credential="prod",
            provider="aws",
            region=REGION,
            token=f"token-{index}",
        )
        for index in range(number)
    ]


def test_one_of_many_takes_an_operation_over(store: Store) -> None:
    with store.writing() as connection:
        operations.journal(connection, "default", planned(1), run_id="first")

    def take(number: int) -> str | None:
        try:
            with store.writing() as connection:
                taken = operations.take_over(
                    connection, "default", "operation-0", 1, run_id=f"run-{number}"
                )
        except Fenced:
            return None
        return taken.run_id

    winners = [one for one in at_once(take) if one is not None]
    assert len(winners) == 1
    with store.reading() as connection:
        operation = operations.get(connection, "default", "operation-0")
        history = operations.entries(connection, "default", "operation-0")
    assert (operation.epoch, operation.run_id) == (2, winners[0])
    assert len(history) == 2


def test_an_operation_is_journalled_once_by_many(store: Store) -> None:
    def write(number: int) -> list[Operation]:
        with store.writing() as connection:
            return operations.journal(connection, "default", planned(20), run_id=f"run-{number}")

    answers = at_once(write)
    assert all(answer == answers[0] for answer in answers)
    with store.reading() as connection:
        assert len(operations.list_all(connection, "default")) == 20
        assert len(operations.entries(connection, "default", "operation-7")) == 1


def test_the_steps_of_one_operation_are_numbered_without_a_gap(store: Store) -> None:
    with store.writing() as connection:
        operations.journal(connection, "default", planned(1), run_id="first")

    def step(number: int) -> None:
        for index in range(5):
            with store.writing() as connection:
                operations.advance(
                    connection, "default", "operation-0", 1, step=f"{number}-{index}"
                )

    at_once(step)
    with store.reading() as connection:
        history = operations.entries(connection, "default", "operation-0")
    assert [one.sequence for one in history] == list(range(1, 5 * WRITERS + 2))


def test_reads_of_one_scope_stored_at_once_follow_each_other(store: Store) -> None:
    sync(store, machines(40))

    def read(number: int) -> Sequence[Any]:
        # Each read has the first half unchanged, and the rest in a state of its own.
        found = machines(20) + [
            machine(f"m{index:05}", state=f"state-{number}") for index in range(20, 40)
        ]
        return [sync(store, found, run_id=f"{number}-{again}") for again in range(3)]

    stored: list[ScopeChanges] = [one for some in at_once(read) for one in some]
    assert all(one.added == one.gone == () for one in stored)
    with store.reading() as connection:
        found = resources.find(connection, "default")
        versions = connection.execute(
            select(
                resource_versions.c.resource_id,
                func.count(),
                func.count(resource_versions.c.valid_to),
                func.count(resource_versions.c.previous_version_id),
            ).group_by(resource_versions.c.resource_id)
        ).all()
    assert len(found) == len(versions) == 40
    assert len({one.state for one in found[20:]}) == 1, "two reads were mixed"
    # Every version but the first replaces a version that ended.
    assert all(number - 1 == ended == following for _, number, ended, following in versions)


def test_machines_recorded_while_a_scope_is_read_are_all_kept(store: Store) -> None:
    started = datetime.now(UTC)
    sync(store, machines(30), started=started)

    def write(number: int) -> None:
        if number == 0:
            for _ in range(5):
                sync(store, machines(30), started=started)
            return
        for index in range(5):
            with store.writing() as connection:
                resources.record(
                    connection, "default", "prod", machine(f"new-{number}-{index}"), run_id=None
                )

    at_once(write)
    assert len(names(store)) == 30 + (WRITERS - 1) * 5


def test_a_trail_that_many_write_is_whole(store: Store) -> None:
    def write(number: int) -> None:
        for index in range(10):
            with store.writing() as connection:
                audit.append(
                    connection,
                    "default",
                    actor=f"writer-{number}",
                    action="test.written",
                    object=str(index),
                    detail={},
                )

    at_once(write)
    with store.reading() as connection:
        assert audit.verify(connection, "default") == []
        entries = audit.list_all(connection, "default")
    assert len(entries) == 10 * WRITERS
    by_writer = [one.object for one in entries if one.actor == "writer-3"]
    assert by_writer == [str(index) for index in range(10)]


def test_a_reader_sees_one_snapshot_while_others_write(store: Store) -> None:
    sync(store, [machine("a")])
    with store.reading() as connection:
        before = resources.find(connection, "default")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(sync, store, [machine("a"), machine("b")]).result(timeout=60)
        assert resources.find(connection, "default") == before
    assert names(store) == ["a", "b"]
