"""What people accepted is still in force, and is about what is locked."""

from __future__ import annotations

from datetime import UTC, datetime

from supply_chain.audit import locked_packages
from supply_chain.review import expired, read_review
from supply_chain.verdict import Package


def test_the_reviewed_list_is_well_formed_and_in_force() -> None:
    today = datetime.now(UTC).date()
    assert not [problem for one in read_review() if (problem := expired(one, today))]


def test_what_was_reviewed_is_what_is_locked() -> None:
    locked = locked_packages()
    reviewed = [one for one in read_review() if one.found_in == "lock"]
    assert not [one for one in reviewed if Package(one.package, one.version) not in locked]
