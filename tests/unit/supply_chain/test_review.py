"""The reviewed list is exact, and no entry holds for long."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from supply_chain.review import LONGEST, Reviewed, ReviewError, expired, read_review

DAY = date(2026, 11, 27)
FIELDS = {
    "found_in": '"lock"',
    "package": '"Zope.Interface"',
    "version": '"7.0"',
    "advisory": '"PYSEC-2026-1"',
    "reason": '"We never call the function that is flawed."',
    "reviewed_by": '"a person"',
    "reviewed_on": "2026-11-27",
    "expires_on": "2027-02-27",
}


def entry(**changed: str | None) -> str:
    """Return an entry with other fields, or without those that are None."""
    fields = {key: value for key, value in {**FIELDS, **changed}.items() if value is not None}
    return "[[reviewed]]\n" + "".join(f"{key} = {value}\n" for key, value in fields.items())


def read(folder: Path, text: str) -> tuple[Reviewed, ...]:
    file = folder / "security-review.toml"
    file.write_text(text)
    return read_review(file)


def test_an_entry_is_read(tmp_path: Path) -> None:
    (found,) = read(tmp_path, entry())
    assert (found.package, found.version, found.advisory) == (
        "zope-interface",
        "7.0",
        "PYSEC-2026-1",
    )
    assert (found.reviewed_on, found.expires_on) == (DAY, date(2027, 2, 27))


def test_an_entry_can_accept_that_a_package_is_not_checked(tmp_path: Path) -> None:
    (found,) = read(tmp_path, entry(advisory=None, unchecked="true"))
    assert found.advisory is None


def test_names_of_a_system_are_left_as_they_are(tmp_path: Path) -> None:
    (found,) = read(tmp_path, entry(found_in='"image"', package='"libstdc++6"'))
    assert found.package == "libstdc++6"


def test_a_list_without_entries_is_a_list(tmp_path: Path) -> None:
    assert read(tmp_path, "# nothing is accepted\n") == ()


@pytest.mark.parametrize("key", [key for key in FIELDS if key != "advisory"])
def test_every_field_is_needed(tmp_path: Path, key: str) -> None:
    with pytest.raises(ReviewError, match=key):
        read(tmp_path, entry(**{key: None}))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"found_in": '"wheel"'}, "found_in"),
        ({"advisory": None}, "names either an advisory or unchecked"),
        ({"unchecked": "true"}, "names either an advisory or unchecked"),
        ({"unchecked": "false"}, "names either an advisory or unchecked"),
        ({"advisory": '" "'}, "names either an advisory or unchecked"),
        ({"advisory": None, "unchecked": "false"}, "names either an advisory or unchecked"),
        ({"advisory": None, "unchecked": '"yes"'}, "names either an advisory or unchecked"),
        ({"reason": '"fine"'}, "reason has fewer"),
        ({"version": '" "'}, "version is missing or empty"),
        ({"version": "7.0"}, "version is missing or empty"),
        ({"expires_on": '"2027-02-27"'}, "expires_on is no date"),
        ({"expires_on": "2027-02-27T00:00:00Z"}, "expires_on is no date"),
        ({"expires_on": "2026-11-27"}, "expires_on is not within"),
        ({"expires_on": str(DAY + LONGEST + timedelta(days=1))}, "expires_on is not within"),
        ({"severity": '"low"'}, "severity is unknown"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, changed: dict[str, str | None], said: str) -> None:
    with pytest.raises(ReviewError, match=f"entry 1: {said}"):
        read(tmp_path, entry(**changed))


@pytest.mark.parametrize(
    "text", ["[reviewed]\n", "reviewed = 1\n", "allow = ['a']\n", "[[reviewed", "reviewed = [1]\n"]
)
def test_another_document_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ReviewError):
        read(tmp_path, text)


def test_an_entry_stands_once(tmp_path: Path) -> None:
    with pytest.raises(ReviewError, match="twice"):
        read(tmp_path, entry() + entry(package='"zope_interface"'))


def test_an_entry_holds_from_its_review_to_its_last_day(tmp_path: Path) -> None:
    (found,) = read(tmp_path, entry())
    assert expired(found, found.reviewed_on) is None
    assert expired(found, found.expires_on) is None
    assert "expired on 2027-02-27" in str(expired(found, found.expires_on + timedelta(days=1)))
    assert "in the future" in str(expired(found, found.reviewed_on - timedelta(days=1)))
