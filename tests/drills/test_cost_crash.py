"""Crash drill of costs: a collection is killed anywhere, and the next one makes the ledger whole.

The run collects the bills of four clouds by five sources. What is in the ledger at the end is what
one collection without a kill makes, to the row; each delivery is reported once.
"""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.drills.cost_collections import Collection
from tests.drills.cost_crossings import COMMITTED, KINDS, MOVED, SENT, WRITTEN
from tests.drills.cost_ledgers import forget_costs
from tests.drills.dying import crossings_of
from tests.fixtures.sampling import ALL, generator, sampled

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

RANDOM_MOMENTS = 8 if ALL else 3
RANDOM_KINDS = 2
CORE = frozenset({WRITTEN, MOVED, COMMITTED, SENT})


def chosen(crossings: list[str]) -> list[str]:
    """Return one crossing of each kind of the core and of some others, each at random."""
    moments = generator()
    kinds = sampled(KINDS, CORE.__contains__, RANDOM_KINDS)
    of_kind = {
        kind: [one for one in crossings if one.rpartition(" #")[0] == kind] for kind in kinds
    }
    assert all(of_kind.values()), {kind: len(found) for kind, found in of_kind.items()}
    return [moments.choice(found) for found in of_kind.values()]


@pytest.mark.parametrize("collection", ["sqlite"], indirect=True)
def test_a_collection_killed_between_its_steps(collection: Collection, tmp_path: Path) -> None:
    crossings = crossings_of(
        "collect-costs", collection.parameters, tmp_path / "whole", crossings_at="costs"
    )
    clean = collection.holds()
    assert collection.check(clean, "not killed") == set()
    left: set[str] = set()
    for number, where in enumerate(chosen(crossings)):
        forget_costs(collection.store)
        child = collection.child(tmp_path / f"killed-{number}", where)
        code = child.wait()
        assert code in {0, -signal.SIGKILL}, child.output()
        collection.repeat()
        left |= collection.check(clean, f"killed {where}" if code else f"not killed {where}")
    assert left, "a run that dies between files and pointers leaves files"


@pytest.mark.parametrize("collection", ["postgresql"], indirect=True)
def test_a_collection_killed_at_random_moments(collection: Collection, tmp_path: Path) -> None:
    moments = generator()
    whole = collection.child(tmp_path / "whole")
    began = time.monotonic()
    assert whole.wait() == 0, whole.output()
    at_work = time.monotonic() - began
    clean = collection.holds()
    for number in range(RANDOM_MOMENTS):
        forget_costs(collection.store)
        child = collection.child(tmp_path / f"random-{number}")
        moment = moments.uniform(0, at_work)
        time.sleep(moment)
        child.kill()
        collection.repeat()
        last = child.crossings()[-1:] or "before its first step"
        collection.check(clean, f"killed after {moment:.2f} of {at_work:.2f} s, {last}")
