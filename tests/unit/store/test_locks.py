"""Locks by name: they keep writers apart, each only those of the same name and key."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from threading import Event, Thread

import pytest

from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeKey
from skyclust.store import locks
from skyclust.store.engine import Store, open_store
from skyclust.store.locks import LockName, lock, lock_scope, lock_text

ROOT = Path(__file__).parents[3]
KEY = ("default", "prod", "eu", "instance")


def overlaps(store: Store, first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    """Return whether a second writer gets its lock while a first holds another."""
    held, release, taken = Event(), Event(), Event()

    def hold() -> None:
        with store.writing() as connection:
            lock(connection, LockName(first[0]), *first[1:])
            held.set()
            release.wait(10)

    def take() -> None:
        with store.writing() as connection:
            lock(connection, LockName(second[0]), *second[1:])
            taken.set()

    threads = [Thread(target=hold), Thread(target=take)]
    threads[0].start()
    assert held.wait(10)
    threads[1].start()
    overlapped = taken.wait(0.5)
    release.set()
    for thread in threads:
        thread.join(10)
    assert taken.is_set()
    return overlapped


@pytest.mark.parametrize("name", [("migration",), ("scope", *KEY)])
def test_one_writer_at_a_time_holds_a_lock(store: Store, name: tuple[str, ...]) -> None:
    assert not overlaps(store, name, name)


def test_other_keys_are_other_locks(postgresql_url: str) -> None:
    store = open_store(postgresql_url)
    assert overlaps(store, ("scope", *KEY), ("scope", "default", "prod", "us", "instance"))
    assert overlaps(store, ("scope", *KEY), ("migration",))
    store.dispose()


def test_a_lock_is_taken_twice_and_given_back_at_the_end(store: Store) -> None:
    scope = ScopeKey(credential="prod", region="eu", kind=ResourceKind.INSTANCE)
    for _ in range(2):
        with store.writing() as connection:
            lock_scope(connection, "default", scope)
            lock(connection, LockName.SCOPE, *KEY)


def test_outside_a_write_transaction_it_would_protect_nothing(store: Store) -> None:
    with store.reading() as connection, pytest.raises(RuntimeError, match="outside a write"):
        lock(connection, LockName.MIGRATION)


def test_the_key_of_a_scope_is_that_of_earlier_versions() -> None:
    assert lock_text(LockName.SCOPE, *KEY) == "default\x1fprod\x1feu\x1finstance"


def test_every_lock_is_documented() -> None:
    text = (ROOT / "docs" / "reference" / "store.md").read_text()
    assert set(re.findall(r"^\| lock `(\w+)` \|", text, re.MULTILINE)) == set(LockName)


def test_nothing_else_takes_an_advisory_lock() -> None:
    others = [
        path
        for path in (ROOT / "skyclust").rglob("*.py")
        if "pg_advisory" in path.read_text() and path != Path(inspect.getfile(locks))
    ]
    assert others == []
