"""Mapping of disks, snapshots and images."""

from __future__ import annotations

import pytest

from providers.gcp.disks import to_disk
from providers.gcp.images import to_image
from providers.gcp.snapshots import to_snapshot
from tests.unit.gcp.examples import DISK, HOME, SNAPSHOT_PART


def test_a_disk_is_mapped_with_its_users() -> None:
    made = to_disk("europe-west3", DISK, ["europe-west3-a/web-1/7"])
    assert (made.id, made.zone, made.state) == ("europe-west3-a/data", "europe-west3-a", "in_use")
    assert made.attributes == {
        "attached_to": ["europe-west3-a/web-1/7"],
        "encrypted": True,
        "iops": 3000,
        "size_gib": 200,
        "snapshot": "nightly-1",
        "throughput_mibps": 140,
        "type": "hyperdisk-balanced",
        "unique_id": "1234",
    }


def test_a_disk_without_users_is_available() -> None:
    assert to_disk("europe-west3", {**DISK, "users": []}, []).state == "available"
    failed = to_disk("europe-west3", {**DISK, "status": "FAILED"}, [])
    assert (failed.state, failed.native_state) == ("error", "FAILED")


def test_a_disk_whose_user_is_unresolved_is_in_use() -> None:
    made = to_disk("europe-west3", DISK, [])
    assert (made.state, made.attributes["attached_to"]) == ("in_use", [])


def test_a_missing_state_is_none() -> None:
    disk = {name: value for name, value in DISK.items() if name != "status"}
    made = to_disk("europe-west3", disk, ["europe-west3-a/web-1/7"])
    assert (made.state, made.native_state) == (None, None)
    snapshot = to_snapshot("global", {**SNAPSHOT_PART, "status": None, "snapshotType": None})
    assert (snapshot.state, snapshot.attributes["tier"]) == (None, None)


def test_a_regional_disk_has_no_zone() -> None:
    disk = {name: value for name, value in DISK.items() if name != "zone"}
    disk |= {
        "region": f"{HOME}/regions/europe-west3",
        "selfLink": f"{HOME}/regions/europe-west3/disks/data",
    }
    made = to_disk("europe-west3", disk, [])
    assert (made.id, made.zone) == ("europe-west3/data", None)


def test_a_snapshot_has_its_disk_and_its_tier() -> None:
    made = to_snapshot("global", SNAPSHOT_PART)
    assert (made.id, made.state) == ("web-1-abc-0", "available")
    assert made.attributes == {
        "description": "before the upgrade",
        "disk": "europe-west3-a/web-1",
        "encrypted": True,
        "size_gib": 10,
        "tier": "archive",
        "unique_id": "99",
    }


def test_an_image_is_mapped_with_its_attributes() -> None:
    # https://cloud.google.com/compute/docs/reference/rest/v1/images
    image = {
        "name": "golden",
        "selfLink": f"{HOME}/global/images/golden",
        "status": "READY",
        "diskSizeGb": "20",
        "architecture": "ARM64",
        "licenses": [f"{HOME}/global/licenses/debian-12"],
        "sourceSnapshot": f"{HOME}/global/snapshots/nightly-1",
    }
    assert to_image("global", image).attributes == {
        "architecture": "arm64",
        "deprecation": None,
        "description": None,
        "platform": "debian-12",
        "size_gib": 20,
        "snapshots": ["nightly-1"],
    }


@pytest.mark.parametrize(
    ("deprecation", "state"),
    [
        (None, "available"),
        ("ACTIVE", "available"),
        ("DEPRECATED", "available"),
        ("OBSOLETE", "unavailable"),
        ("DELETED", "unavailable"),
    ],
)
def test_an_obsolete_or_deleted_image_is_unavailable(deprecation: str | None, state: str) -> None:
    # https://cloud.google.com/compute/docs/images/create-custom#deprecation_states
    image = {
        "selfLink": f"{HOME}/global/images/golden",
        "status": "READY",
        "deprecated": None if deprecation is None else {"state": deprecation},
    }
    made = to_image("global", image)
    assert (made.state, made.native_state) == (state, "READY")
    assert made.attributes["deprecation"] == (deprecation.lower() if deprecation else None)
