"""Short ids in the store: the one that is meant is found, in its own workspace alone."""

from __future__ import annotations

from typing import Any

import pytest

from skyclust.errors import InvalidRequest, NotFound
from skyclust.inventory.instance_lookup import InstanceQuery
from skyclust.inventory.short_id_lookup import instance_by_short_id, whole_id, whole_run_id
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import NewOperation
from skyclust.model.resource import ResourceKind
from skyclust.operations.queries import search_operations, whole_operation_id
from skyclust.store import operations, resources
from skyclust.store.engine import Store
from skyclust.store.finding import count
from skyclust.store.id_beginnings import operations_beginning_with, runs_beginning_with
from tests.unit.store.inventory import REGION, machine, prepare, sync

IDS = [f"3f2a90b1-c{number}11-5000-8000-00000000000{number}" for number in range(3)]
PATH = "/subscriptions/s/resourcegroups/{}/providers/microsoft.compute/virtualmachines/web_1"
EC2 = ("i-0a1b2c3d4e5f60718", "i-0a1b2c3d4fffffff0")


@pytest.fixture
def filled(store: Store) -> Store:
    prepare(store, "other")
    sync(
        store,
        [
            *(machine(f"m{number}", id=whole) for number, whole in enumerate(EC2)),
            machine("one", id=PATH.format("shop")),
            machine("two", id=PATH.format("old")),
        ],
        run_id=IDS[0],
    )
    planned = [
        NewOperation(
            id=whole,
            subject_kind="instance",
            kind=InstanceAction.STOP,
            credential="prod",
            provider="aws",
            region=REGION,
            token="token",
        )
        for whole in (*IDS, "not-a-uuid")
    ]
    with store.writing() as connection:
        operations.journal(connection, "default", planned, run_id=IDS[0])
    return store


def test_an_operation_is_meant_by_the_beginning_of_its_id(filled: Store) -> None:
    assert whole_operation_id(filled, "default", "3f2a90b1-c1") == IDS[1]
    assert whole_operation_id(filled, "default", IDS[2]) == IDS[2]
    assert whole_operation_id(filled, "default", "not-a-uuid") == "not-a-uuid"
    with pytest.raises(InvalidRequest, match="several") as several:
        whole_operation_id(filled, "default", "3f2a")
    assert all(whole in several.value.message for whole in IDS)
    for unknown in ("3f2a90b1-c9", "3f2", "not-a", "", "%", "3F2A90B1-C1"):
        with pytest.raises(NotFound):
            whole_operation_id(filled, "default", unknown)
    with pytest.raises(NotFound):
        whole_operation_id(filled, "other", "3f2a90b1-c1")


def test_a_run_is_meant_by_the_beginning_of_its_id(filled: Store) -> None:
    assert whole_run_id(filled, "default", "3f2a") == IDS[0]
    with pytest.raises(NotFound, match="'3f2a' changed the inventory of workspace 'other'"):
        whole_run_id(filled, "other", "3f2a")
    with pytest.raises(InvalidRequest, match="too short"):
        whole_run_id(filled, "default", "3f2")
    unknown = "00000000-0000-4000-8000-000000000000"
    assert whole_run_id(filled, "default", unknown) == unknown, "a run that changed nothing"


def test_an_instance_is_meant_by_its_short_id(filled: Store) -> None:
    def meant(given: str, workspace: str = "default") -> Any:
        stored = instance_by_short_id(filled, InstanceQuery(workspace, given))
        return stored and stored.id

    assert meant("i-0a1b2c3d4e") == EC2[0]
    assert meant("shop/web_1") == PATH.format("shop")
    assert meant("i-0a1b2c3d4e", "other") is None
    assert meant("shop/web%1") is None
    assert meant("m0") is None
    for several in ("i-0a1b2c3d", "web_1"):
        with pytest.raises(InvalidRequest, match="short for several ids"):
            meant(several)


def test_a_name_is_not_taken_for_a_short_id(filled: Store) -> None:
    kinds = [ResourceKind.INSTANCE]

    assert whole_id(filled, InstanceQuery("default", "m0"), kinds) == "m0"
    assert whole_id(filled, InstanceQuery("default", "unknown"), kinds) == "unknown"
    assert whole_id(filled, InstanceQuery("default", "i-0a1b2c3d4e"), kinds) == EC2[0]


def test_nothing_is_seen_from_another_workspace(filled: Store) -> None:
    with filled.reading() as connection:
        assert operations_beginning_with(connection, "other", "3f2a", limit=9) == []
        assert runs_beginning_with(connection, "other", "3f2a", limit=9) == []
        assert count(connection, "other") == 0
        assert count(connection, "default") == len(resources.find(connection, "default")) == 4
        assert count(connection, "default", names=["m0"]) == 1
    assert search_operations(filled, "other").total == 0
    assert search_operations(filled, "default", limit=1).total == 4
