"""The deletion of a resource: of the one that was meant, unused, and reported as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest

from skyclust.conformance import memory_disks
from skyclust.conformance.harness import Failure
from skyclust.errors import InvalidRequest, PermissionDenied, Throttled, Unavailable
from skyclust.model.operation import OperationState
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.resource_reference import identity_of
from skyclust.operations import cancellation, waiting
from skyclust.operations.attempt import take_step
from skyclust.operations.decisions import abandon_operation, cancel_operation
from skyclust.operations.journal import advance
from skyclust.operations.position import Position
from skyclust.operations.queries import what_may_be_left
from skyclust.operations.resource import deletion_steps
from skyclust.operations.resource.positions import ResourcePosition
from skyclust.operations.step_result import StepResult
from skyclust.store import audit, operations, resources
from tests.unit.operations.deletions import KEY, REGION, Estate, opened_estate


@pytest.fixture
def estate(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Estate]:
    for module in (deletion_steps, cancellation):
        monkeypatch.setattr(module, "poll", partial(waiting.poll, poll_seconds=0.01))
    monkeypatch.setattr(cancellation, "ARRIVAL_SECONDS", 0.05)
    with opened_estate(sqlite_url) as opened:
        yield opened


def test_an_unused_disk_is_deleted_with_events_and_audit_and_leaves_the_inventory(
    estate: Estate,
) -> None:
    bystander = estate.cloud.add(REGION, "disk", "other").id
    ended = estate.carried_on(estate.journalled())
    assert ended.state is OperationState.SUCCEEDED
    assert estate.disks() == [bystander]
    assert estate.known() == {}
    assert estate.steps() == ["journalled", "confirmed", "requested", "accepted", "succeeded"]
    assert estate.events() == [
        "skyclust.operation.requested",
        "skyclust.operation.succeeded",
        "skyclust.disk.deleted",
    ]
    with estate.store.reading() as connection:
        actions = [entry.action for entry in audit.list_all(connection, "default")]
    assert [each for each in actions if each.startswith("disk.")] == [
        "disk.delete.requested",
        "disk.delete.succeeded",
    ]


def test_a_disk_that_was_attached_since_is_refused_and_the_inventory_shows_by_whom(
    estate: Estate,
) -> None:
    operation = estate.journalled()
    server = estate.attach()
    ended = estate.carried_on(operation)
    assert (ended.state, ended.error_class) == (OperationState.FAILED, "Conflict")
    assert f"it is in use by {server}" in str(ended.error)
    assert estate.steps() == ["journalled", "failed"]
    assert estate.disks() == [estate.disk.id]
    assert estate.known()[estate.disk.id].attributes["attached_to"] == [server]
    assert "skyclust.disk.deleted" not in estate.events()


def test_a_disk_that_was_attached_after_it_was_confirmed_is_refused_too(estate: Estate) -> None:
    operation = take_step(estate.execution, estate.journalled())
    assert operation.step == ResourcePosition.CONFIRMED
    estate.attach()
    ended = estate.carried_on(operation)
    assert (ended.state, ended.error_class) == (OperationState.FAILED, "Conflict")
    assert estate.disks() == [estate.disk.id]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"created_at": datetime(2020, 1, 1, tzinfo=UTC)}, "another resource has its id"),
        ({"name": "scratch"}, "it was renamed to 'data'"),
    ],
)
def test_a_resource_that_is_not_as_it_was_is_refused(
    estate: Estate, changed: dict[str, object], why: str
) -> None:
    ended = estate.carried_on(estate.journalled(estate.disk.model_copy(update=changed)))
    assert (ended.state, ended.error_class) == (OperationState.FAILED, "Conflict")
    assert why in str(ended.error)
    assert estate.disks() == [estate.disk.id]


@pytest.mark.parametrize("key", ["skyclust:keep", "skyclust-keep", "skyclust_keep"])
def test_a_resource_that_is_to_be_kept_is_refused(estate: Estate, key: str) -> None:
    operation = estate.journalled()
    with estate.cloud.opened(KEY, REGION) as items:
        items.disks[estate.disk.id] = replace(items.disks[estate.disk.id], labels={key: ""})
    ended = estate.carried_on(operation)
    assert "has the tag skyclust:keep" in str(ended.error)
    assert estate.disks() == [estate.disk.id]


def test_a_resource_that_was_gone_before_is_not_reported_as_deleted(estate: Estate) -> None:
    operation = estate.journalled()
    estate.delete_in_cloud()
    ended = estate.carried_on(operation)
    assert (ended.state, ended.error_class) == (OperationState.FAILED, "NotFound")
    assert "already gone: nothing was deleted" in str(ended.error)
    assert estate.known() == {}
    assert "skyclust.disk.deleted" not in estate.events()


def test_one_that_goes_between_confirmation_and_request_is_not_reported_as_deleted(
    estate: Estate,
) -> None:
    operation = take_step(estate.execution, estate.journalled())
    estate.delete_in_cloud()
    ended = estate.carried_on(operation)
    assert (ended.state, ended.error_class) == (OperationState.FAILED, "NotFound")


@pytest.mark.parametrize("position", [Position.REQUESTED, Position.UNCERTAIN])
@pytest.mark.parametrize("arrived", [True, False])
def test_a_process_that_died_at_the_request_is_carried_on(
    estate: Estate, position: Position, arrived: bool
) -> None:
    confirmed = take_step(estate.execution, estate.journalled())
    left = advance(estate.execution, confirmed, StepResult(position), step_attempts=1)
    if arrived:
        estate.delete_in_cloud()
    ended = estate.carried_on(left)
    assert ended.state is OperationState.SUCCEEDED
    assert (estate.disks(), estate.known()) == ([], {})
    assert estate.events().count("skyclust.disk.deleted") == 1


def test_a_disk_that_has_its_id_after_the_request_is_a_strangers(estate: Estate) -> None:
    confirmed = take_step(estate.execution, estate.journalled())
    left = advance(estate.execution, confirmed, StepResult(Position.UNCERTAIN), step_attempts=1)
    with estate.cloud.opened(KEY, REGION) as items:
        disk = items.disks[estate.disk.id]
        items.disks[disk.id] = replace(disk, made=disk.made + 3600)
    ended = estate.carried_on(left)
    assert ended.state is OperationState.SUCCEEDED
    assert estate.disks() == [estate.disk.id]


def test_a_lost_reply_leaves_it_uncertain_and_the_next_attempt_ends_it(estate: Estate) -> None:
    confirmed = take_step(estate.execution, estate.journalled())
    estate.cloud.fail(Failure.LOST_CHANGE, REGION)
    with pytest.raises(Exception, match="connection was closed"):
        take_step(estate.execution, confirmed)
    assert estate.steps()[-1] == "uncertain"
    ended = estate.carried_on(confirmed)
    assert ended.state is OperationState.SUCCEEDED


def test_a_cloud_that_is_away_leaves_it_journalled(estate: Estate) -> None:
    operation = estate.journalled()
    estate.cloud.fail(Failure.BROKEN, REGION)
    with pytest.raises(Unavailable):
        estate.carried_on(operation)
    estate.cloud.fail(Failure.THROTTLED, REGION)
    with pytest.raises(Throttled):
        take_step(estate.execution, operation)
    estate.cloud.recover()
    assert set(estate.steps()) == {"journalled"}
    assert estate.carried_on(operation).state is OperationState.SUCCEEDED


def test_a_permission_that_lacks_at_the_first_request_fails_it(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed = take_step(estate.execution, estate.journalled())

    def refuse(*given: object) -> None:
        raise PermissionDenied("The key may delete nothing.", provider="memory")

    monkeypatch.setattr(memory_disks, "delete_disk", refuse)
    ended = estate.carried_on(confirmed)
    assert (ended.state, ended.error_class) == (OperationState.FAILED, "PermissionDenied")
    assert estate.disks() == [estate.disk.id]


@pytest.mark.parametrize("confirmed", [True, False])
def test_what_was_not_requested_is_cancelled(estate: Estate, confirmed: bool) -> None:
    operation = estate.journalled()
    if confirmed:
        operation = take_step(estate.execution, operation)
    cancel_operation(estate.store, "default", operation.id, keep=False, actor="user:ann")
    assert estate.carried_on(operation).state is OperationState.CANCELLED
    assert estate.disks() == [estate.disk.id]


@pytest.mark.parametrize("arrived", [True, False])
def test_a_cancelled_request_is_looked_for_and_not_repeated(estate: Estate, arrived: bool) -> None:
    confirmed = take_step(estate.execution, estate.journalled())
    left = advance(estate.execution, confirmed, StepResult(Position.UNCERTAIN), step_attempts=1)
    if arrived:
        estate.delete_in_cloud()
    cancel_operation(estate.store, "default", left.id, keep=False, actor="user:ann")
    expected = OperationState.SUCCEEDED if arrived else OperationState.CANCELLED
    assert estate.carried_on(left).state is expected
    assert estate.disks() == ([] if arrived else [estate.disk.id])


def test_one_that_does_not_go_fails_and_an_abandoned_one_says_what_may_be_left(
    estate: Estate,
) -> None:
    confirmed = take_step(estate.execution, estate.journalled())
    assert what_may_be_left(confirmed) == ""
    left = advance(estate.execution, confirmed, StepResult(Position.ACCEPTED), step_attempts=1)
    assert what_may_be_left(left) == (
        f"Disk data ({estate.disk.id}) in east-1 of prod may be there, or gone."
    )
    ended = estate.carried_on(left)
    assert (ended.state, ended.error_class) == (OperationState.FAILED, "NeverReached")
    assert list(estate.known()) == [estate.disk.id]


def test_an_abandoned_deletion_keeps_what_may_be_left(estate: Estate) -> None:
    confirmed = take_step(estate.execution, estate.journalled())
    left = advance(estate.execution, confirmed, StepResult(Position.REQUESTED), step_attempts=1)
    ended = abandon_operation(estate.store, left, reason="enough", actor="user:ann")
    assert "may be there, or gone" in what_may_be_left(ended)


def test_a_snapshot_that_an_image_is_made_of_is_refused_before_it_is_journalled(
    estate: Estate,
) -> None:
    place = {"provider": "memory", "region": REGION}
    image = Resource(
        **place, kind=ResourceKind.IMAGE, id="image-1", attributes={"snapshots": ["snap-1"]}
    )
    snapshot = Resource(
        **place, kind=ResourceKind.SNAPSHOT, id="snap-1", created_at=datetime.now(UTC)
    )
    with estate.store.writing() as connection:
        resources.record(connection, "default", "prod", image, run_id=None)
    with pytest.raises(InvalidRequest, match="image image-1 is made of it"):
        estate.journalled(snapshot)
    with estate.store.reading() as connection:
        assert operations.list_all(connection, "default") == []


def test_the_identity_is_what_a_cloud_sets_once() -> None:
    place = {"provider": "aws", "region": REGION, "kind": ResourceKind.ADDRESS, "id": "eip-1"}
    address = Resource(**place, attributes={"address": "203.0.113.7", "attached_to": []})
    assert identity_of(address) == "address 203.0.113.7"
    born = datetime(2026, 1, 2, tzinfo=UTC)
    numbered = Resource(**place, created_at=born, attributes={"unique_id": "17"})
    assert identity_of(numbered) == "unique id 17, created 2026-01-02T00:00:00+00:00"
    assert identity_of(Resource(**place, name="spare")) == "name spare"
