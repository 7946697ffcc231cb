"""Instance snapshots, and the parts that they consist of."""

from __future__ import annotations

from typing import Any

import pytest

from providers.openstack.snapshot_parts import to_image_parts, to_snapshots, to_volume_part
from skyclust.model.snapshot import SnapshotState
from tests.unit.openstack.servers import SERVER_ID, VOLUME_ID


def _image(number: int, token: str | None, **changes: Any) -> dict[str, Any]:
    properties = {"skyclust_snapshot": token, "skyclust_parts": "2"} if token else {}
    return {
        "id": f"image-{number}",
        "name": f"name-{number}",
        "status": "active",
        "instance_uuid": SERVER_ID,
        "skyclust_instance": SERVER_ID,
        "created_at": f"2026-10-0{number}T00:00:00Z",
        **properties,
        **changes,
    }


def _volume(status: str) -> dict[str, Any]:
    return {
        "id": "snapshot-1",
        "name": "name-1",
        "status": status,
        "size": 5,
        "volume_id": VOLUME_ID,
        "created_at": "2026-10-01T00:00:01.000000",
        "metadata": {
            "skyclust_snapshot": "token-1",
            "skyclust_instance": SERVER_ID,
            "skyclust_parts": "2",
            "skyclust_device": "/dev/vdb",
            "skyclust_goes_with_instance": "true",
        },
    }


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("available", SnapshotState.AVAILABLE),
        ("restoring", SnapshotState.AVAILABLE),
        ("creating", SnapshotState.PENDING),
        ("deleting", SnapshotState.DELETING),
        ("error", SnapshotState.ERROR),
    ],
)
def test_a_snapshot_has_the_state_of_its_worst_part(status: str, state: SnapshotState) -> None:
    part = to_volume_part(_volume(status))
    assert (part.device, part.deleted_with_server, part.size_gib) == ("/dev/vdb", True, 5)
    parts = [*to_image_parts(SERVER_ID, [_image(1, "token-1")]), part]
    [snapshot] = to_snapshots("RegionOne", SERVER_ID, parts)
    assert (snapshot.id, snapshot.token, snapshot.state) == ("token-1", "token-1", state)
    assert snapshot.parts == ("image-1", "snapshot-1")


def test_a_snapshot_with_a_missing_part_is_pending() -> None:
    parts = to_image_parts(SERVER_ID, [_image(1, "token-1")])
    [snapshot] = to_snapshots("RegionOne", SERVER_ID, parts)
    assert snapshot.state is SnapshotState.PENDING


def test_tokens_that_nova_copied_to_later_images_are_ignored() -> None:
    """Only the oldest image of the server is a part of the snapshot with the token."""
    images = [
        _image(3, "token-1"),  # taken by a user after the server was restored
        _image(1, "token-1"),
        _image(2, None),
        _image(4, "token-9", skyclust_instance="another"),
        _image(5, None, instance_uuid="another"),
    ]
    snapshots = to_snapshots("RegionOne", SERVER_ID, to_image_parts(SERVER_ID, images))
    assert [(one.id, one.token) for one in snapshots] == [
        ("token-1", "token-1"),
        ("image-2", None),
        ("image-3", None),
        ("image-4", None),
    ]
