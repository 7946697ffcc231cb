"""Snapshots of a machine: one of Google's a disk, held together by labels."""

from __future__ import annotations

import pytest

from providers.gcp.instance_snapshots import to_instance_snapshot, to_requests, to_snapshot_id
from providers.gcp.labels import problem_of
from providers.gcp.snapshot_restore import attached_at, to_exchange
from skyclust.model.snapshot import SnapshotState
from tests.unit.gcp.examples import INSTANCE, SNAPSHOT_PART

ID = "europe-west3-a/web-1/4518372463289470163"
OTHER = {
    **SNAPSHOT_PART,
    "name": "web-1-abc-1",
    "labels": {**SNAPSHOT_PART["labels"], "skyclust-device": "persistent-disk-1"},
}


def test_every_persistent_disk_is_kept_with_what_puts_it_back() -> None:
    snapshot_id = to_snapshot_id(INSTANCE["id"], "t-2")
    requests = to_requests(INSTANCE, "before the upgrade", "t-2", snapshot_id)
    devices = {r["labels"]["skyclust-device"]: r["labels"]["skyclust-boot"] for r in requests}
    assert devices == {"web-1": "true", "persistent-disk-1": "false"}
    assert len({request["name"] for request in requests}) == 2
    for request in requests:
        assert len(request["name"]) <= 63
        assert problem_of(request["labels"]) is None
        assert request["description"] == "before the upgrade"
        assert request["labels"]["skyclust-disks"] == "2"
    assert requests == to_requests(INSTANCE, "before the upgrade", "t-2", snapshot_id)


def test_a_long_name_still_makes_names_that_are_taken() -> None:
    machine = {**INSTANCE, "name": "a" * 63}
    [*requests] = to_requests(machine, "x", "t-2", to_snapshot_id("1", "t-2"))
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
def test_the_whole_is_as_good_as_its_worst_part(
    statuses: tuple[str, ...], state: SnapshotState
) -> None:
    parts = [
        {**part, "status": status}
        for part, status in zip((SNAPSHOT_PART, OTHER), statuses, strict=False)
    ]
    made = to_instance_snapshot("europe-west3", ID, parts)
    assert made.state is state
    assert (made.id, made.name, made.token) == ("abc", "before the upgrade", "t-2")


def test_an_exchange_knows_the_device_and_what_becomes_of_the_disk() -> None:
    exchange = to_exchange(INSTANCE, SNAPSHOT_PART, "t-3")
    assert (exchange.device, exchange.boot, exchange.auto_delete) == ("web-1", True, True)
    assert exchange == to_exchange(INSTANCE, SNAPSHOT_PART, "t-3")
    assert exchange.disk != to_exchange(INSTANCE, SNAPSHOT_PART, "t-4").disk
    old = attached_at(INSTANCE, exchange.device)
    assert old is not None
    assert old["source"].endswith("/disks/web-1")
    assert attached_at(INSTANCE, "no-such-device") is None
