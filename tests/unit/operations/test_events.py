"""Which events are sent, what they carry, and how large they may get."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from prefect.events.schemas.events import Event as PrefectEvent

from skyclust.event_labels import LONGEST_TEXT
from skyclust.inventory.events import MOST_RESOURCE_EVENTS
from skyclust.inventory.kind_read import KindRead
from skyclust.inventory.storing import ReadOptions, store_read
from skyclust.model.credential_key import CredentialKey
from skyclust.model.event import Event
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation, OperationState
from skyclust.model.resource import Resource, ResourceKind
from skyclust.operations import events
from skyclust.orchestration.dispatch import _as_prefect
from skyclust.store import credentials, outbox
from skyclust.store.engine import Store, open_store
from tests.unit.store.inventory import REGION, machine, machines, prepare

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ACCOUNT = CredentialKey("default", "prod", "aws")
OPTIONS = ReadOptions("run-1", brake_share=1.0, allow_mass_delete=True)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = open_store(sqlite_url)
    yield prepare(opened)
    opened.dispose()


def emitted(store: Store) -> list[Event]:
    """The events that wait, which are then forgotten; each is one that Prefect takes."""
    with store.reading() as connection:
        found = outbox.waiting(connection, "default")
    store.write(
        lambda connection: outbox.remove(connection, "default", [one.sequence for one in found])
    )
    for one in found:
        assert PrefectEvent.model_validate(_as_prefect(one.event)).size_bytes < 100_000
    return [one.event for one in found]


def read(store: Store, found: list[Resource], kind: ResourceKind = ResourceKind.INSTANCE) -> None:
    """Store a complete read."""
    store_read(store, ACCOUNT, KindRead(kind, datetime.now(UTC), {REGION: found}), OPTIONS)


def operation(**changed: Any) -> Operation:
    fields: dict[str, Any] = {
        "id": "00000000-0000-5000-8000-000000000001",
        "workspace_id": "default",
        "subject_kind": "instance",
        "kind": InstanceAction.CREATE,
        "credential": "prod",
        "provider": "aws",
        "region": REGION,
        "token": "t",
        "run_id": "run-1",
        "subject_id": "i-1",
        "subject_name": "web",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Operation.model_validate(fields | changed)


class TestInventory:
    def test_a_read_that_changes_nothing_tells_nothing(self, store: Store) -> None:
        read(store, machines(5))
        assert emitted(store)
        read(store, machines(5))
        assert emitted(store) == []

    def test_a_scope_is_told_once_with_its_counts_and_its_machines_one_by_one(
        self, store: Store
    ) -> None:
        read(store, [machine("a"), machine("b"), machine("c")])
        emitted(store)
        read(store, [machine("a"), machine("b", state="stopped"), machine("d")])
        summary, *single = emitted(store)
        assert summary.name == "skyclust.inventory.changed"
        place = f"default.prod.{REGION}.instance"
        assert summary.resource["prefect.resource.id"] == f"skyclust.scope.{place}"
        assert summary.payload == {
            "added": 1, "changed": 1, "gone": 1, "unchanged": 1, "left_out": 0,
        }  # fmt: skip
        assert sorted((one.name, one.resource["prefect.resource.name"]) for one in single) == [
            ("skyclust.resource.added", "d"),
            ("skyclust.resource.changed", "b"),
            ("skyclust.resource.gone", "c"),
        ]
        changed = next(one for one in single if one.name.endswith("changed"))
        assert changed.payload == {"state": "stopped", "changed": ["state"]}
        assert {one.related[0]["prefect.resource.id"] for one in single} == {
            "prefect.flow-run.run-1"
        }

    def test_other_kinds_are_counted_only(self, store: Store) -> None:
        disks = [one.model_copy(update={"kind": ResourceKind.DISK}) for one in machines(40)]
        read(store, disks, ResourceKind.DISK)
        [summary] = emitted(store)
        assert summary.payload == {"added": 40, "changed": 0, "gone": 0, "unchanged": 0}

    def test_machines_beyond_the_bound_are_counted_as_left_out(self, store: Store) -> None:
        read(store, [])
        read(store, machines(MOST_RESOURCE_EVENTS + 7))
        summary, *single = emitted(store)
        assert len(single) == MOST_RESOURCE_EVENTS
        assert (summary.payload["added"], summary.payload["left_out"]) == (
            MOST_RESOURCE_EVENTS + 7,
            7,
        )

    def test_what_a_first_read_finds_is_counted_only(self, store: Store) -> None:
        read(store, machines(5))
        [summary] = emitted(store)
        assert (summary.payload["added"], summary.payload["left_out"]) == (5, 5)
        read(store, [])
        assert len(emitted(store)) == 6, "from then on each instance has an event"

    def test_what_is_told_twice_has_another_id_only_when_it_happened_twice(
        self, store: Store
    ) -> None:
        ids: list[str] = []
        read(store, [])
        for state in ("running", "stopped", "running"):
            read(store, [machine("a", state=state)])
            ids += [one.id for one in emitted(store)]
        assert len(ids) == len(set(ids)) == 6

    def test_names_of_any_length_fit_and_stay_apart(self, store: Store) -> None:
        read(store, [])
        long = [machine(f"{'n' * 9000}{letter}", tags={"t" * 9000: "v"}) for letter in "ab"]
        read(store, long)
        _, *single = emitted(store)
        found = {one.resource["prefect.resource.id"] for one in single}
        assert len(found) == 2
        assert {len(one) for one in found} == {LONGEST_TEXT}

    def test_a_read_that_is_not_stored_tells_nothing(self, store: Store) -> None:
        read(store, machines(30))
        emitted(store)
        careful = ReadOptions("run-2", brake_share=0.5, allow_mass_delete=False)
        store_read(store, ACCOUNT, KindRead(ResourceKind.INSTANCE, NOW, {REGION: []}), careful)
        assert emitted(store) == []


class TestOperations:
    @pytest.mark.parametrize("state", [one for one in OperationState if one.final])
    def test_every_end_is_told(self, store: Store, state: OperationState) -> None:
        ended = operation(state=state, error="No room.", error_class="CapacityExhausted")
        store.write(lambda connection: events.operations_ended(connection, [ended]))
        first, *others = emitted(store)
        assert first.name == f"skyclust.operation.{state.value}"
        assert first.resource["prefect.resource.id"].startswith("skyclust.operation.default.0000")
        assert first.occurred_at == NOW
        assert first.payload == {
            "operation": ended.id,
            "kind": "create",
            "requested_by": "",
            "error": "No room.",
            "error_class": "CapacityExhausted",
        }
        assert [one["prefect.resource.id"] for one in first.related] == [
            "prefect.flow-run.run-1",
            f"skyclust.instance.default.prod.{REGION}.i-1",
        ]
        created = ["skyclust.instance.created"] if state is OperationState.SUCCEEDED else []
        assert [one.name for one in others] == created

    @pytest.mark.parametrize("kind", InstanceAction)
    def test_every_kind_that_succeeds_is_told_of_its_machine(
        self, store: Store, kind: InstanceAction
    ) -> None:
        ended = operation(kind=kind, state=OperationState.SUCCEEDED, request={"disk_id": "d-1"})
        store.write(lambda connection: events.operations_ended(connection, [ended]))
        _, of_machine = emitted(store)
        assert of_machine.name.startswith("skyclust.instance.")
        assert of_machine.payload["disk_id"] == "d-1"
        assert of_machine.resource["prefect.resource.name"] == "web"

    def test_a_request_has_an_event_before_there_is_an_instance(self, store: Store) -> None:
        requested = [operation(id=str(number), subject_id=None) for number in range(3)]
        store.write(lambda connection: events.operations_requested(connection, requested))
        found = emitted(store)
        assert [one.name for one in found] == ["skyclust.operation.requested"] * 3
        assert {one.resource["skyclust.operation.kind"] for one in found} == {"create"}
        assert all(len(one.related) == 1 for one in found)

    def test_an_error_of_any_length_fits(self, store: Store) -> None:
        ended = operation(state=OperationState.FAILED, error="x" * 100_000, error_class="Timeout")
        store.write(lambda connection: events.operations_ended(connection, [ended]))
        [found] = emitted(store)
        assert found.payload["error"] == "x" * LONGEST_TEXT


def test_events_of_a_removed_credential_are_still_sent(store: Store) -> None:
    ended = operation(state=OperationState.FAILED)
    store.write(lambda connection: events.operations_ended(connection, [ended]))
    store.write(lambda connection: credentials.remove(connection, "default", "prod"))
    assert len(emitted(store)) == 1
