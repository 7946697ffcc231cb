"""The list of what a person has looked at and accepts until a day: security-review.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from packaging.utils import canonicalize_name

from supply_chain.lock import FOLDER

LIST: Final = FOLDER / "security-review.toml"

LONGEST: Final = timedelta(days=183)
"""No review holds for more than half a year: by then there is a mend, or another look is due."""

SHORTEST_REASON: Final = 20
"""Characters. "ok" is no reason."""

Place = Literal["lock", "image"]

_TEXTS: Final = ("found_in", "package", "version", "reason", "reviewed_by")
_DATES: Final = ("reviewed_on", "expires_on")
_SUBJECTS: Final = ("advisory", "unchecked")


@dataclass(frozen=True)
class Reviewed:
    """One package at one version, and what about it is accepted: an advisory, or no check."""

    found_in: Place
    package: str
    version: str
    advisory: str | None
    reason: str
    reviewed_by: str
    reviewed_on: date
    expires_on: date

    def __str__(self) -> str:
        """Return the entry as messages name it."""
        what = self.advisory or "unchecked"
        return f"entry {self.package} {self.version} ({what}, {self.found_in})"


class ReviewError(ValueError):
    """The list is not what it has to be; the text has one line for each mistake."""


def read_review(path: Path = LIST) -> tuple[Reviewed, ...]:
    """Return the entries of the list, in its order.

    Raises ReviewError when the file is no TOML or an entry lacks something, has something else,
    holds for more than LONGEST or stands twice. Whether an entry has expired depends on the
    day: `expired` says it.
    """
    try:
        document = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise ReviewError(f"{path.name} is no TOML: {error}") from error
    entries = document.pop("reviewed", [])
    if document or not isinstance(entries, list):
        raise ReviewError(f"{path.name} has something else than [[reviewed]] entries")
    mistakes = [
        f"{path.name}, entry {number}: {mistake}"
        for number, entry in enumerate(entries, 1)
        for mistake in _mistakes(entry)
    ]
    if mistakes:
        raise ReviewError("\n".join(mistakes))
    reviewed = tuple(map(_reviewed, entries))
    subjects = [(one.found_in, one.package, one.version, one.advisory) for one in reviewed]
    if len(set(subjects)) < len(subjects):
        raise ReviewError(f"{path.name} has an entry twice")
    return reviewed


def expired(reviewed: Reviewed, today: date) -> str | None:
    """Return why an entry does not hold on a day, or None when it does."""
    if today > reviewed.expires_on:
        return f"{reviewed} expired on {reviewed.expires_on}"
    if today < reviewed.reviewed_on:
        return f"{reviewed} was reviewed in the future, on {reviewed.reviewed_on}"
    return None


def _mistakes(entry: object) -> list[str]:
    if not isinstance(entry, dict):
        return ["is no table"]
    known = {*_TEXTS, *_DATES, *_SUBJECTS}
    found = [f"{key} is unknown" for key in sorted(entry.keys() - known)]
    found += [
        f"{key} is missing or empty"
        for key in _TEXTS
        if not (isinstance(entry.get(key), str) and entry[key].strip())
    ]
    found += [f"{key} is no date" for key in _DATES if type(entry.get(key)) is not date]
    if found:
        return found
    return [*_mistakes_of_subject(entry), *_mistakes_of_review(entry)]


def _mistakes_of_subject(entry: dict[str, Any]) -> list[str]:
    found = []
    if entry["found_in"] not in {"lock", "image"}:
        found.append('found_in is neither "lock" nor "image"')
    advisory = entry.get("advisory")
    named = isinstance(advisory, str) and bool(advisory.strip())
    unchecked = entry.get("unchecked") is True
    if named == unchecked or len(entry.keys() & set(_SUBJECTS)) != 1:
        found.append("names either an advisory or unchecked = true")
    return found


def _mistakes_of_review(entry: dict[str, Any]) -> list[str]:
    found = []
    if len(entry["reason"].strip()) < SHORTEST_REASON:
        found.append(f"reason has fewer than {SHORTEST_REASON} characters")
    held = entry["expires_on"] - entry["reviewed_on"]
    if not timedelta(0) < held <= LONGEST:
        found.append(f"expires_on is not within {LONGEST.days} days after reviewed_on")
    return found


def _reviewed(entry: dict[str, Any]) -> Reviewed:
    name = entry["package"]
    return Reviewed(
        found_in=entry["found_in"],
        package=canonicalize_name(name) if entry["found_in"] == "lock" else name,
        version=entry["version"],
        advisory=entry.get("advisory"),
        reason=entry["reason"],
        reviewed_by=entry["reviewed_by"],
        reviewed_on=entry["reviewed_on"],
        expires_on=entry["expires_on"],
    )
