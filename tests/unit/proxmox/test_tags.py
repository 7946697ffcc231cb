"""Types, notes, tags, VMIDs and names, each converted to the form of Proxmox VE and back."""

from __future__ import annotations

import pytest

from providers.proxmox.catalog import is_of_family
from providers.proxmox.creation import to_request
from providers.proxmox.instance_snapshots import to_snapname
from providers.proxmox.notes import MOST_CHARACTERS, Metadata, read_metadata, with_metadata
from providers.proxmox.sizes import Size, to_size
from providers.proxmox.tags import to_pve_tags, to_tags
from providers.proxmox.vmids import FIRST_VMID, LAST_VMID, own_metadata, token_vmids
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
def test_other_spellings_of_a_type_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        to_size(name)


@pytest.mark.parametrize("notes", ["", "Call Jutta.", "One\n\ntwo\n", "<!-- another comment -->\n"])
def test_notes_are_kept_when_the_metadata_changes(notes: str) -> None:
    metadata = Metadata(token="t-1", incomplete=True, tags={"a --> b": "<i>ü</i>", "team": "shop"})
    written = with_metadata(notes, metadata)
    assert read_metadata(written) == metadata
    assert written.startswith(notes.rstrip())
    complete = metadata.model_copy(update={"incomplete": False})
    changed = with_metadata(f"{written}Added later.", complete)
    assert not read_metadata(changed).incomplete
    assert changed.count("<!-- skyclust") == 1
    assert "Added later." in changed
    assert with_metadata(written, Metadata()).strip() == notes.strip()


@pytest.mark.parametrize("text", ["<!-- skyclust {} -->", "<!-- skyclust {broken} -->", "notes"])
def test_damaged_metadata_is_ignored(text: str) -> None:
    assert read_metadata(text) == Metadata()


def test_notes_that_become_too_long_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="shorter tags"):
        with_metadata("x" * MOST_CHARACTERS, Metadata(token="t-1"))


def test_pairs_are_shown_as_tags_and_other_tags_are_kept() -> None:
    pve_tags = to_pve_tags("Prod;shop;team-a", {"team": "a"}, {"team": "b", "note": "ÜBER 9000"})
    assert pve_tags == "Prod;note--ber-9000;shop;team-b"
    tags = to_tags(pve_tags, {"team": "b", "note": "ÜBER 9000"})
    assert tags == {"Prod": "", "shop": "", "team": "b", "note": "ÜBER 9000"}
    assert to_pve_tags(pve_tags, {"team": "b", "note": "ÜBER 9000"}, {}) == "Prod;shop"


def test_tokens_have_distinct_vmids() -> None:
    first, second = list(token_vmids("t-1")), list(token_vmids("t-2"))
    assert list(token_vmids("t-1")) == first
    assert len({*first, *second}) == len(first) + len(second)
    assert all(FIRST_VMID <= vmid <= LAST_VMID for vmid in first)


def test_metadata_applies_to_a_guest_with_a_vmid_of_its_token() -> None:
    """A clone has a copy of the notes, of which only the tags apply to the clone."""
    metadata = Metadata(token="t-1", image="9000", incomplete=True, tags={"team": "shop"})
    assert all(own_metadata(metadata, vmid) == metadata for vmid in token_vmids("t-1"))
    assert own_metadata(metadata, 150) == Metadata(tags={"team": "shop"})
    assert own_metadata(Metadata(tags={"a": "b"}), 150) == Metadata(tags={"a": "b"})


def test_equal_specs_have_equal_digests() -> None:
    spec = InstanceSpec(name="web", region="r", type="1c1g", image="9000")
    assert to_request(spec) == to_request(InstanceSpec.model_validate(spec.model_dump()))
    assert to_request(spec) != to_request(spec.model_copy(update={"image": "9001"}))


@pytest.mark.parametrize("name", ["nightly", "before update", "7 days", "ü", "x" * 60, "-"])
def test_any_name_gives_a_permitted_snapshot_name(name: str) -> None:
    snapname = to_snapname(name, "t-1")
    assert snapname[0].isalpha()
    assert len(snapname) <= 40
    assert snapname.replace("-", "").replace("_", "").isalnum()
    assert snapname.isascii()
    assert snapname == to_snapname(name, "t-1") != to_snapname(name, "t-2")


@pytest.mark.parametrize(
    ("name", "family", "expected"),
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
def test_the_family_is_in_the_name(name: str, family: str, expected: bool) -> None:
    assert is_of_family(name, family) is expected


def test_the_notes_of_existing_guests_are_read() -> None:
    """The line has `making` for `incomplete`, as in the first release."""
    line = '<!-- skyclust {"making": true, "token": "t-1"} -->\n'
    metadata = Metadata(token="t-1", incomplete=True)
    assert read_metadata(line) == metadata
    assert with_metadata("", metadata) == line
