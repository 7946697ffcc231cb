"""Reads that are answered go on; a service without any answer is given up as a whole."""

from __future__ import annotations

import time

import pytest

from skyclust.errors import PermissionDenied, Timeout
from skyclust.inventory.read_liveness import NO_ANSWER, ReadLiveness
from skyclust.inventory.read_plan import Read
from skyclust.inventory.scheduler import MOST_READS, WORKERS, ReadScheduler
from skyclust.model.credential_key import CredentialKey
from skyclust.model.resource import ResourceKind

PATIENCE = 0.5
SILENCE = Timeout("nothing", code=NO_ANSWER)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYCLUST_SILENCE_SECONDS", str(PATIENCE))


def reads(credential: str, count: int) -> list[Read]:
    credential_key = CredentialKey("default", credential, "aws")
    kinds = (ResourceKind.INSTANCE,)
    return [Read(credential_key, (f"region-{number}",), kinds) for number in range(count)]


def begin(scheduler: ReadScheduler) -> list[Read]:
    """Begin what has its turn, as its tasks do."""
    begun = [work for work in scheduler.begin() if isinstance(work, Read)]
    for work in begun:
        scheduler.liveness[work].begin()
    return begun


def watches(scheduler: ReadScheduler, begun: list[Read]) -> list[ReadLiveness]:
    return [scheduler.liveness[work] for work in begun]


def test_only_so_many_are_at_work_as_there_are_workers() -> None:
    scheduler = ReadScheduler()
    scheduler.add(reads("one", WORKERS + 3))
    begun = begin(scheduler)
    assert len(begun) == WORKERS
    assert begin(scheduler) == []
    assert scheduler.end(begun[0], None) == {}
    assert len(begin(scheduler)) == 1


def test_credentials_take_turns() -> None:
    scheduler = ReadScheduler()
    scheduler.add(reads("large", 100))
    scheduler.add(reads("small", 3))
    assert [work.credential.name for work in begin(scheduler)].count("small") == 3


def test_what_is_silent_gives_its_turn_to_the_next_and_is_waited_for() -> None:
    scheduler = ReadScheduler()
    scheduler.add(reads("dead", 200))
    first = begin(scheduler)
    time.sleep(PATIENCE * 0.2)
    scheduler.add(reads("living", 2))
    second = begin(scheduler)
    assert len(second) == WORKERS
    assert {work.credential.name for work in second[:2]} == {"living"}
    assert not any(watch.expired for watch in watches(scheduler, first))
    time.sleep(PATIENCE * 0.2)
    begin(scheduler)
    time.sleep(PATIENCE * 0.2)
    begin(scheduler)
    time.sleep(PATIENCE * 0.2)
    assert sum(watch.slow for watch in scheduler.liveness.values()) == MOST_READS
    assert begin(scheduler) == []


def test_an_account_that_is_silent_is_given_up_as_a_whole() -> None:
    scheduler = ReadScheduler()
    planned = reads("dead", WORKERS + 5)
    scheduler.add(planned)
    begun = begin(scheduler)
    time.sleep(PATIENCE * 0.8)
    late = begin(scheduler)
    assert len(late) == 5
    scheduler.add(never := [Read(planned[0].credential, ("last",), (ResourceKind.DISK,))])
    time.sleep(PATIENCE * 0.3)
    assert all(watch.expired for watch in watches(scheduler, begun + late))
    dropped = [scheduler.end(work, SILENCE) for work in begun + late]
    assert dropped[:-1] == [{}] * (len(dropped) - 1)
    assert list(dropped[-1]) == never
    assert dropped[-1][never[0]].code == NO_ANSWER
    assert not scheduler


def test_one_dead_region_leaves_the_others_their_turns() -> None:
    scheduler = ReadScheduler()
    dead, *living = reads("one", WORKERS + 1)
    scheduler.add([dead, *living])
    begun = begin(scheduler)
    time.sleep(PATIENCE * 1.1)
    for work in begun[1:]:
        scheduler.liveness[work].answered()
    assert scheduler.liveness[dead].expired
    assert scheduler.end(dead, SILENCE) == {}
    assert not scheduler.liveness[begun[1]].expired
    assert len(begin(scheduler)) == 1


def test_what_comes_late_to_an_account_that_was_given_up_is_given_up_too() -> None:
    scheduler = ReadScheduler()
    planned = reads("dead", 2)
    scheduler.add(planned)
    assert scheduler.begin() == planned
    first, late = (scheduler.liveness[work] for work in planned)
    first.begin()
    time.sleep(PATIENCE * 1.1)
    assert scheduler.end(planned[0], SILENCE) == {}
    late.begin()
    assert late.expired


def test_a_rest_is_no_silence() -> None:
    scheduler = ReadScheduler()
    first, second = reads("one", 2)
    scheduler.add([first])
    begin(scheduler)
    scheduler.end(first, PermissionDenied("no"))
    time.sleep(PATIENCE * 1.1)
    scheduler.add([second])
    assert begin(scheduler) == [second]
    assert not scheduler.liveness[second].expired


def test_a_silent_service_is_given_up_by_itself() -> None:
    """A read of another service of the account that has not begun still waits for its turn."""
    credential_key = CredentialKey("default", "one", "openstack")
    regions = [f"region-{number}" for number in range(3)]
    images = [Read(credential_key, (one,), (ResourceKind.IMAGE,), "Glance") for one in regions]
    networks = [Read(credential_key, (one,), (ResourceKind.NETWORK,), "Neutron") for one in regions]
    scheduler = ReadScheduler()
    scheduler.add(images[:1])
    assert begin(scheduler) == images[:1]
    time.sleep(PATIENCE * 1.1)
    scheduler.add([*images[1:], *networks])
    dropped = scheduler.end(images[0], SILENCE)
    assert list(dropped) == images[1:]
    assert "Glance of credential" in dropped[images[1]].message
    assert begin(scheduler) == networks
    assert not any(watch.expired for watch in watches(scheduler, networks))
