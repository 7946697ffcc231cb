"""Sizes, notes, words, numbers and names: what is written down, and read back the same."""

from __future__ import annotations

import pytest

from providers.proxmox.creation import to_request
from providers.proxmox.images import is_of_family
from providers.proxmox.instance_snapshots import to_snapname
from providers.proxmox.notes import MOST_CHARACTERS, Mark, read_mark, with_mark
from providers.proxmox.sizes import Size, to_size
from providers.proxmox.tags import to_tags, to_words
from providers.proxmox.vmids import FIRST_NUMBER, LAST_NUMBER, numbers, own_mark
from skyclust.errors import InvalidRequest
from skyclust.model.instance import InstanceSpec


@pytest.mark.parametrize(
    ("name", "size"),
    [("1c512m", (1, 512)), ("2c4g", (2, 4096)), ("64c512g", (64, 524288)), ("3c1536m", (3, 1536))],
)
def test_a_type_is_its_size(name: str, size: tuple[int, int]) -> None:
    assert to_size(name) == size
    assert Size(*size).name == name


@pytest.mark.parametrize(
    "name", ["", "t3.small", "2c4096m", "0c1g", "02c4g", "2c4", "2C4G", "2c4g ", "2c0g", "-1c1g"]
)
def test_a_size_is_written_in_one_way(name: str) -> None:
    with pytest.raises(InvalidRequest):
        to_size(name)


@pytest.mark.parametrize("notes", ["", "Ask Jutta.", "One\n\ntwo\n", "<!-- another comment -->\n"])
def test_notes_stay_beside_the_mark(notes: str) -> None:
    mark = Mark(token="t-1", making=True, tags={"a --> b": "<i>ü</i>", "team": "shop"})
    marked = with_mark(notes, mark)
    assert read_mark(marked) == mark
    assert marked.startswith(notes.rstrip())
    changed = with_mark(f"{marked}Added later.", mark.model_copy(update={"making": False}))
    assert not read_mark(changed).making
    assert changed.count("<!-- skyclust") == 1
    assert "Added later." in changed
    assert with_mark(marked, Mark()).strip() == notes.strip()


@pytest.mark.parametrize("text", ["<!-- skyclust {} -->", "<!-- skyclust {broken} -->", "notes"])
def test_a_spoilt_mark_is_none(text: str) -> None:
    assert read_mark(text) == Mark()


def test_notes_that_become_too_long_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="shorter tags"):
        with_mark("x" * MOST_CHARACTERS, Mark(token="t-1"))


def test_pairs_are_shown_as_words_and_words_of_people_stay() -> None:
    words = to_words("Prod;shop;team-a", {"team": "a"}, {"team": "b", "note": "ÜBER 9000"})
    assert words == "Prod;note--ber-9000;shop;team-b"
    tags = to_tags(words, {"team": "b", "note": "ÜBER 9000"})
    assert tags == {"Prod": "", "shop": "", "team": "b", "note": "ÜBER 9000"}
    assert to_words(words, {"team": "b", "note": "ÜBER 9000"}, {}) == "Prod;shop"


def test_a_token_has_numbers_of_its_own() -> None:
    first, second = list(numbers("t-1")), list(numbers("t-2"))
    assert list(numbers("t-1")) == first
    assert len({*first, *second}) == len(first) + len(second)
    assert all(FIRST_NUMBER <= number <= LAST_NUMBER for number in first)


def test_a_mark_is_about_the_machine_that_has_the_number_of_its_token() -> None:
    """A copy carries the notes along: of them only the tags are about the copy."""
    mark = Mark(token="t-1", image="9000", making=True, tags={"team": "shop"})
    assert all(own_mark(mark, number) == mark for number in numbers("t-1"))
    assert own_mark(mark, 150) == Mark(tags={"team": "shop"})
    assert own_mark(Mark(tags={"a": "b"}), 150) == Mark(tags={"a": "b"})


def test_a_request_is_known_again_by_what_it_asks_for() -> None:
    spec = InstanceSpec(name="web", region="r", type="1c1g", image="9000")
    assert to_request(spec) == to_request(InstanceSpec.model_validate(spec.model_dump()))
    assert to_request(spec) != to_request(spec.model_copy(update={"image": "9001"}))


@pytest.mark.parametrize("name", ["nightly", "before update", "7 days", "ü", "x" * 60, "-"])
def test_any_name_of_a_snapshot_can_be_taken(name: str) -> None:
    made = to_snapname(name, "t-1")
    assert made[0].isalpha()
    assert len(made) <= 40
    assert made.replace("-", "").replace("_", "").isalnum()
    assert made.isascii()
    assert made == to_snapname(name, "t-1") != to_snapname(name, "t-2")


@pytest.mark.parametrize(
    ("name", "family", "is_one"),
    [
        ("ubuntu-24.04", "ubuntu-24.04", True),
        ("Debian-12-hardened", "debian-12", True),
        ("debian-12_2025", "debian-12", True),
        ("debian-120", "debian-12", False),
        ("debian-12.1-x", "debian-12", False),
        ("my-debian-12", "debian-12", False),
        ("noble-server-cloudimg-amd64.img", "ubuntu-24.04", True),
        ("noble-server-cloudimg-amd64.img", "ubuntu-22.04", False),
        ("golden", "golden", True),
    ],
)
def test_a_name_tells_its_family(name: str, family: str, is_one: bool) -> None:
    assert is_of_family(name, family) is is_one
