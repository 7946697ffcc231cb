"""Snapshots of an instance: one snapshot for each disk, linked by labels."""

from __future__ import annotations

import pytest

from providers.gcp.labels import label_problem
from providers.gcp.snapshot_parts import snapshot_id_for, to_insert_bodies, to_instance_snapshot
from providers.gcp.snapshot_restore import attached_at, to_replacement
from skyclust.model.snapshot import SnapshotState
from tests.unit.gcp.examples import INSTANCE, SNAPSHOT_PART

ID = "europe-west3-a/web-1/4518372463289470163"
OTHER = {
    **SNAPSHOT_PART,
    "name": "web-1-abc-1",
    "labels": {**SNAPSHOT_PART["labels"], "skyclust-device": "persistent-disk-1"},
}


def test_every_persistent_disk_has_a_snapshot_with_the_labels_for_a_restore() -> None:
    snapshot_id = snapshot_id_for(INSTANCE["id"], "t-2")
    requests = to_insert_bodies(INSTANCE, "before the upgrade", "t-2", snapshot_id)
    devices = {r["labels"]["skyclust-device"]: r["labels"]["skyclust-boot"] for r in requests}
    assert devices == {"web-1": "true", "persistent-disk-1": "false"}
    assert len({request["name"] for request in requests}) == 2
    for request in requests:
        assert len(request["name"]) <= 63
        assert label_problem(request["labels"]) is None
        assert request["description"] == "before the upgrade"
        assert request["labels"]["skyclust-disks"] == "2"
    assert requests == to_insert_bodies(INSTANCE, "before the upgrade", "t-2", snapshot_id)


def test_snapshot_names_of_a_long_instance_name_are_valid() -> None:
    vm = {**INSTANCE, "name": "a" * 63}
    [*requests] = to_insert_bodies(vm, "x", "t-2", snapshot_id_for("1", "t-2"))
    assert max(len(request["name"]) for request in requests) <= 63


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        (("READY", "READY"), SnapshotState.AVAILABLE),
        (("READY", "UPLOADING"), SnapshotState.PENDING),
        (("READY", "FAILED"), SnapshotState.ERROR),
        (("DELETING", "READY"), SnapshotState.DELETING),
        (("READY",), SnapshotState.PENDING),
        (("DELETING",), SnapshotState.DELETING),
    ],
)
def test_the_state_is_that_of_the_worst_part(
    statuses: tuple[str, ...], state: SnapshotState
) -> None:
    parts = [
        {**part, "status": status}
        for part, status in zip((SNAPSHOT_PART, OTHER), statuses, strict=False)
    ]
    made = to_instance_snapshot("europe-west3", ID, parts)
    assert made.state is state
    assert (made.id, made.name, made.token) == ("abc", "before the upgrade", "t-2")


def test_a_replacement_has_the_attachment_settings_of_the_snapshot() -> None:
    replacement = to_replacement(INSTANCE, SNAPSHOT_PART, "t-3")
    assert (replacement.device, replacement.boot, replacement.auto_delete) == ("web-1", True, True)
    assert replacement == to_replacement(INSTANCE, SNAPSHOT_PART, "t-3")
    assert replacement.disk != to_replacement(INSTANCE, SNAPSHOT_PART, "t-4").disk
    old = attached_at(INSTANCE, replacement.device)
    assert old is not None
    assert old["source"].endswith("/disks/web-1")
    assert attached_at(INSTANCE, "no-such-device") is None
