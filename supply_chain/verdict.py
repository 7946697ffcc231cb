"""What an examination found, held against the reviewed list: an exit code and its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from supply_chain.review import Place, Reviewed, expired

PASSED: Final = 0
FLAW: Final = 1
LIST_IS_WRONG: Final = 2
NOT_CHECKED: Final = 3

SHOWN: Final = 20
"""So many lines of one kind are shown; the rest is counted."""


@dataclass(frozen=True, order=True)
class Package:
    """A package at a version."""

    name: str
    version: str

    def __str__(self) -> str:
        """Return the package as people write it."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Flaw:
    """A known flaw of a package. Each of its ids names it; `mended_in` is "" when nothing does."""

    package: Package
    ids: tuple[str, ...]
    mended_in: str = ""

    def __str__(self) -> str:
        """Return the flaw in one line."""
        mend = f"mended in {self.mended_in}" if self.mended_in else "nothing mends it yet"
        return f"{self.package}: {' = '.join(self.ids)}; {mend}"


@dataclass(frozen=True)
class Examination:
    """What was looked up: every package, the flaws found, and why some were not checked."""

    place: Place
    packages: frozenset[Package]
    flaws: tuple[Flaw, ...] = ()
    unchecked: dict[Package, str] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    """Why the examination as a whole says less than it should; no review can accept that."""


@dataclass(frozen=True)
class Verdict:
    """What is left when all that was reviewed is taken away."""

    flaws: tuple[str, ...]
    list_problems: tuple[str, ...]
    unchecked: tuple[str, ...]
    accepted: int

    @property
    def exit_code(self) -> int:
        """Return 1 for a known flaw, else 2 for a wrong list, else 3 for no check, else 0."""
        if self.flaws:
            return FLAW
        if self.list_problems:
            return LIST_IS_WRONG
        return NOT_CHECKED if self.unchecked else PASSED

    def lines(self) -> list[str]:
        """Return what a person has to read, the worst first."""
        return [
            *_section("known flaws", self.flaws),
            *_section("wrong in requirements/security-review.toml", self.list_problems),
            *_section("NOT checked", self.unchecked),
        ]


def judge(examination: Examination, reviewed: Iterable[Reviewed], today: date) -> Verdict:
    """Return the verdict on an examination under the entries of the list that are about it.

    An entry that has expired, names another version or allows nothing that is there is a problem
    of its own: what was accepted once must not hide what comes next. Of an examination that
    failed only the dates are held against the list: what it would have found is not known.
    """
    flaws = list(examination.flaws)
    unchecked = dict(examination.unchecked)
    problems = []
    for entry in reviewed:
        if entry.found_in != examination.place:
            continue
        problem = expired(entry, today)
        package = Package(entry.package, entry.version)
        needless = ""
        if problem is None and package not in examination.packages:
            needless = _misplaced(entry, examination)
        elif problem is None and entry.advisory is None:
            if unchecked.pop(package, None) is None:
                needless = f"{entry} is not needed: the package was checked"
        elif problem is None:
            allowed = [one for one in flaws if one.package == package and entry.advisory in one.ids]
            flaws = [one for one in flaws if one not in allowed]
            if not allowed and package not in examination.unchecked:
                needless = f"{entry} is not needed: the package has no such flaw"
        if needless and not examination.failures:
            problem = needless
        if problem is not None:
            problems.append(problem)
    left = [f"{package}: {why}" for package, why in sorted(unchecked.items())]
    before = len(examination.flaws) + len(examination.unchecked)
    return Verdict(
        flaws=tuple(map(str, flaws)),
        list_problems=tuple(problems),
        unchecked=(*examination.failures, *left),
        accepted=before - len(flaws) - len(unchecked),
    )


def _misplaced(entry: Reviewed, examination: Examination) -> str:
    versions = sorted(one.version for one in examination.packages if one.name == entry.package)
    if versions:
        return f"{entry} is for another version: there is {', '.join(versions)}"
    return f"{entry} names a package that is not there"


def _section(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    more = len(lines) - SHOWN
    return [
        f"{title} ({len(lines)}):",
        *(f"    {line}" for line in lines[:SHOWN]),
        *([f"    ... and {more} more"] if more > 0 else []),
    ]
