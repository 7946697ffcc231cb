"""What was reviewed is let through, and nothing else; the list itself must not grow old."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from supply_chain.review import Place, Reviewed
from supply_chain.verdict import Examination, Flaw, Package, Verdict, judge

TODAY = date(2026, 11, 27)
FLAWED = Package("flawed", "1.0")
UNKNOWN = Package("unknown", "2.0")
SOUND = Package("sound", "3.0")
FLAW = Flaw(FLAWED, ("PYSEC-2026-1", "CVE-2026-1"), "1.1")
FOUND = Examination(
    "lock",
    frozenset({FLAWED, UNKNOWN, SOUND}),
    flaws=(FLAW,),
    unchecked={UNKNOWN: "not known to the service"},
)
NOTHING = Examination("lock", FOUND.packages)


def review(
    package: Package,
    advisory: str | None,
    *,
    found_in: Place = "lock",
    expires_on: date = TODAY + timedelta(days=30),
) -> Reviewed:
    return Reviewed(
        found_in, package.name, package.version, advisory, "a reason", "a person", TODAY, expires_on
    )


ACCEPTED = (review(FLAWED, "CVE-2026-1"), review(UNKNOWN, None))


def verdict(examination: Examination, *reviewed: Reviewed, day: date = TODAY) -> Verdict:
    return judge(examination, reviewed, day)


def test_nothing_found_passes() -> None:
    found = verdict(NOTHING)
    assert (found.exit_code, found.lines(), found.accepted) == (0, [], 0)


def test_a_flaw_is_named_with_its_ids_and_its_mend() -> None:
    found = verdict(FOUND)
    assert found.exit_code == 1
    assert found.flaws == ("flawed 1.0: PYSEC-2026-1 = CVE-2026-1; mended in 1.1",)


def test_what_was_not_checked_fails_by_itself() -> None:
    found = verdict(FOUND, review(FLAWED, "PYSEC-2026-1"))
    assert found.exit_code == 3
    assert found.unchecked == ("unknown 2.0: not known to the service",)


@pytest.mark.parametrize("advisory", FLAW.ids)
def test_what_was_reviewed_passes_by_any_id(advisory: str) -> None:
    found = verdict(FOUND, review(FLAWED, advisory), review(UNKNOWN, None))
    assert (found.exit_code, found.accepted) == (0, 2)


def test_an_entry_holds_for_its_last_day_and_no_longer() -> None:
    last = ACCEPTED[0].expires_on
    assert verdict(FOUND, *ACCEPTED, day=last).exit_code == 0
    late = verdict(FOUND, *ACCEPTED, day=last + timedelta(days=1))
    assert late.exit_code == 1
    assert len(late.list_problems) == 2
    assert len(late.unchecked) == 1


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (review(Package("flawed", "0.9"), "CVE-2026-1"), "for another version: there is 1.0"),
        (review(Package("gone", "1.0"), "CVE-2026-1"), "names a package that is not there"),
        (review(SOUND, "CVE-2026-1"), "not needed: the package has no such flaw"),
        (review(FLAWED, "CVE-2026-2"), "not needed: the package has no such flaw"),
        (review(SOUND, None), "not needed: the package was checked"),
    ],
    ids=["version", "package", "sound", "advisory", "checked"],
)
def test_an_entry_that_allows_nothing_fails(entry: Reviewed, said: str) -> None:
    found = verdict(FOUND, *ACCEPTED, entry)
    assert found.exit_code == 2
    assert [said in one for one in found.list_problems] == [True]


def test_a_flaw_that_is_accepted_in_another_place_is_not_accepted_here() -> None:
    found = verdict(FOUND, review(FLAWED, "CVE-2026-1", found_in="image"), review(UNKNOWN, None))
    assert found.exit_code == 1
    assert found.list_problems == ()


def test_of_what_was_not_looked_up_no_entry_is_called_needless() -> None:
    everything = dict.fromkeys(FOUND.packages, "out of reach")
    offline = Examination("lock", FOUND.packages, unchecked=everything)
    found = verdict(offline, review(FLAWED, "CVE-2026-1"))
    assert found.list_problems == ()
    assert found.exit_code == 3


def test_nobody_can_accept_that_the_examination_failed() -> None:
    broken = Examination("image", frozenset(), failures=("no report",))
    entry = review(Package("bash", "5.2"), "CVE-2026-1", found_in="image")
    assert verdict(broken, entry).lines() == ["NOT checked (1):", "    no report"]
    assert verdict(broken, entry).exit_code == 3
    assert verdict(broken, entry, day=entry.expires_on + timedelta(days=1)).exit_code == 2


def test_many_lines_are_counted() -> None:
    unchecked = {Package(f"p{number:02}", "1"): "out of reach" for number in range(30)}
    lines = verdict(Examination("lock", frozenset(unchecked), unchecked=unchecked)).lines()
    assert lines[0] == "NOT checked (30):"
    assert lines[-1] == "    ... and 10 more"
    assert len(lines) == 22
