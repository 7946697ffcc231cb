"""When scopes were read: since when, until when, and the pauses between."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from skyclust.errors import Throttled
from skyclust.store import read_times, scopes
from skyclust.store.engine import Store
from skyclust.store.read_times import GAP, ReadTimes
from skyclust.store.tables import scopes as scope_rows
from skyclust.store.types import now
from tests.unit.store.inventory import KEY, ago, machine, prepare, sync


def _times(store: Store) -> ReadTimes:
    with store.reading() as connection:
        (times,) = read_times.list_read_times(connection, "default")
    return times


def _read_before(store: Store, seconds: float) -> None:
    """Let the last complete read have ended some time ago."""
    with store.writing() as connection:
        connection.execute(update(scope_rows).values(completed_at=ago(seconds)))


def test_the_first_read_is_kept(store: Store) -> None:
    prepare(store)
    sync(store, [machine("a")])
    first = _times(store)
    sync(store, [machine("a")])
    second = _times(store)
    assert first.first_completed_at == second.first_completed_at == first.completed_at
    assert second.completed_at is not None
    assert first.completed_at is not None
    assert second.completed_at > first.completed_at
    assert second.gaps == ()


def test_a_long_pause_is_noted_and_a_short_one_is_not(store: Store) -> None:
    prepare(store)
    sync(store, [machine("a")])
    _read_before(store, (GAP - timedelta(minutes=1)).total_seconds())
    sync(store, [machine("a")])
    assert _times(store).gaps == ()
    _read_before(store, (GAP + timedelta(minutes=1)).total_seconds())
    begin = _times(store).completed_at
    sync(store, [machine("a")])
    times = _times(store)
    assert times.gaps == ((begin, times.completed_at),)


def test_a_failed_read_ends_no_pause(store: Store) -> None:
    prepare(store)
    sync(store, [machine("a")])
    _read_before(store, 8 * 3600)
    with store.writing() as connection:
        scopes.mark_failed(
            connection,
            "default",
            KEY,
            "aws",
            Throttled("Slow down."),
            read_started_at=now(),
            run_id=None,
        )
    sync(store, [machine("a")])
    assert len(_times(store).gaps) == 1


def test_a_scope_that_was_never_read_has_no_times(store: Store) -> None:
    prepare(store)
    with store.writing() as connection:
        scopes.mark_failed(
            connection,
            "default",
            KEY,
            "aws",
            Throttled("Slow down."),
            read_started_at=now(),
            run_id=None,
        )
    times = _times(store)
    assert (times.first_completed_at, times.completed_at, times.gaps) == (None, None, ())


def test_gaps_of_more_than_a_year_ago_are_forgotten(store: Store) -> None:
    prepare(store)
    sync(store, [machine("a")])
    long_ago = [["2020-01-01T00:00:00+00:00", "2020-01-02T00:00:00+00:00"]]
    with store.writing() as connection:
        connection.execute(update(scope_rows).values(read_gaps=long_ago))
    _read_before(store, 8 * 3600)
    sync(store, [machine("a")])
    assert [begin.year for begin, _ in _times(store).gaps] != [2020]
    assert len(_times(store).gaps) == 1
