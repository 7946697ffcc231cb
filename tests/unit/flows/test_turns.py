"""Turns are given to those that speak; an account that is silent as a whole is given up."""

from __future__ import annotations

import time

import pytest

from skyclust.errors import PermissionDenied, Timeout
from skyclust.model.resource import ResourceKind
from tasks.accounts import Account
from tasks.coverage import Read
from tasks.silence import SILENT, Watch
from tasks.turns import MOST_ASKED, WORKERS, Turns

PATIENCE = 0.5
SILENCE = Timeout("nothing", code=SILENT)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYCLUST_SILENCE_SECONDS", str(PATIENCE))


def reads(credential: str, count: int) -> list[Read]:
    account = Account("default", credential, "aws")
    kinds = (ResourceKind.INSTANCE,)
    return [Read(account, (f"region-{number}",), kinds) for number in range(count)]


def begin(turns: Turns) -> list[Read]:
    """Begin what has its turn, as its tasks do."""
    begun = [work for work in turns.begin() if isinstance(work, Read)]
    for work in begun:
        turns.watches[work].begin()
    return begun


def watches(turns: Turns, begun: list[Read]) -> list[Watch]:
    return [turns.watches[work] for work in begun]


def test_only_so_many_are_at_work_as_there_are_workers() -> None:
    turns = Turns()
    turns.add(reads("one", WORKERS + 3))
    begun = begin(turns)
    assert len(begun) == WORKERS
    assert begin(turns) == []
    assert turns.end(begun[0], None) == {}
    assert len(begin(turns)) == 1


def test_accounts_take_turns() -> None:
    turns = Turns()
    turns.add(reads("large", 100))
    turns.add(reads("small", 3))
    assert [work.account.credential for work in begin(turns)].count("small") == 3


def test_what_is_silent_gives_its_turn_to_the_next_and_is_waited_for() -> None:
    turns = Turns()
    turns.add(reads("dead", 200))
    first = begin(turns)
    time.sleep(PATIENCE * 0.2)
    turns.add(reads("living", 2))
    second = begin(turns)
    assert len(second) == WORKERS
    assert {work.account.credential for work in second[:2]} == {"living"}
    assert not any(watch.over for watch in watches(turns, first))
    time.sleep(PATIENCE * 0.2)
    begin(turns)
    time.sleep(PATIENCE * 0.2)
    begin(turns)
    time.sleep(PATIENCE * 0.2)
    assert sum(watch.quiet for watch in turns.watches.values()) == MOST_ASKED
    assert begin(turns) == []


def test_an_account_that_is_silent_is_given_up_as_a_whole() -> None:
    turns = Turns()
    asked = reads("dead", WORKERS + 5)
    turns.add(asked)
    begun = begin(turns)
    time.sleep(PATIENCE * 0.8)
    late = begin(turns)
    assert len(late) == 5
    turns.add(never := [Read(asked[0].account, ("last",), (ResourceKind.DISK,))])
    time.sleep(PATIENCE * 0.3)
    assert all(watch.over for watch in watches(turns, begun + late))
    dropped = [turns.end(work, SILENCE) for work in begun + late]
    assert dropped[:-1] == [{}] * (len(dropped) - 1)
    assert list(dropped[-1]) == never
    assert dropped[-1][never[0]].code == SILENT
    assert not turns


def test_one_dead_region_leaves_the_others_their_turns() -> None:
    turns = Turns()
    dead, *living = reads("one", WORKERS + 1)
    turns.add([dead, *living])
    begun = begin(turns)
    time.sleep(PATIENCE * 1.1)
    for work in begun[1:]:
        turns.watches[work].heard()
    assert turns.watches[dead].over
    assert turns.end(dead, SILENCE) == {}
    assert not turns.watches[begun[1]].over
    assert len(begin(turns)) == 1


def test_what_comes_late_to_an_account_that_was_given_up_is_given_up_too() -> None:
    turns = Turns()
    asked = reads("dead", 2)
    turns.add(asked)
    assert turns.begin() == asked
    first, late = (turns.watches[work] for work in asked)
    first.begin()
    time.sleep(PATIENCE * 1.1)
    assert turns.end(asked[0], SILENCE) == {}
    late.begin()
    assert late.over


def test_a_rest_is_no_silence() -> None:
    turns = Turns()
    first, second = reads("one", 2)
    turns.add([first])
    begin(turns)
    turns.end(first, PermissionDenied("no"))
    time.sleep(PATIENCE * 1.1)
    turns.add([second])
    assert begin(turns) == [second]
    assert not turns.watches[second].over


def test_a_silent_service_is_given_up_by_itself() -> None:
    """What was never asked of another service of the account waits for its turn still."""
    account = Account("default", "one", "openstack")
    regions = [f"region-{number}" for number in range(3)]
    images = [Read(account, (one,), (ResourceKind.IMAGE,), "Glance") for one in regions]
    networks = [Read(account, (one,), (ResourceKind.NETWORK,), "Neutron") for one in regions]
    turns = Turns()
    turns.add(images[:1])
    assert begin(turns) == images[:1]
    time.sleep(PATIENCE * 1.1)
    turns.add([*images[1:], *networks])
    dropped = turns.end(images[0], SILENCE)
    assert list(dropped) == images[1:]
    assert "Glance of account" in dropped[images[1]].message
    assert begin(turns) == networks
    assert not any(watch.over for watch in watches(turns, networks))
