"""A second instance of one name is refused in the transaction that would journal it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest

from skyclust.errors import InvalidRequest, SkyClustError
from skyclust.model.instance import SealedInstanceSpec
from skyclust.model.operation import NewOperation, OperationState
from skyclust.model.provision_request import ProvisionRequest
from skyclust.operations.instance.planning import Attempt, plan_creations
from skyclust.operations.instance.taken_names import refuse_before_placement, refuse_taken_names
from skyclust.operations.journal import journal_all
from skyclust.store import credentials, operations, resources, workspaces
from skyclust.store.engine import Store, open_store
from tests.fixtures.execution import journal_execution
from tests.unit.store.inventory import REGION, machine


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store with two credentials, and a second workspace."""
    opened = open_store(store_url)
    with opened.writing() as connection:
        workspaces.add(connection, "other")
    for workspace in ("default", "other"):
        with opened.writing() as connection:
            for name in ("first", "second"):
                credentials.add(connection, workspace, name=name, provider="aws", block_name=name)
    yield opened
    opened.dispose()


def creation(
    credential: str = "first", *, run_id: str | None = None, **fields: Any
) -> list[NewOperation]:
    spec = SealedInstanceSpec(name="web", region=REGION, type="small", image="debian")
    request = ProvisionRequest(credential=credential, spec=spec, **fields)
    return plan_creations(
        request, [Attempt(credential, "aws", spec)], run_id=run_id or str(uuid4())
    )


def journal(store: Store, planned: list[NewOperation], workspace: str = "default") -> int:
    return len(journal_all(journal_execution(store), workspace, planned))


def open_creations(store: Store) -> list[str]:
    with store.reading() as connection:
        return sorted(str(one.subject_name) for one in operations.list_all(connection, "default"))


def test_a_name_that_is_being_created_is_refused_whatever_the_credential(store: Store) -> None:
    planned = creation("first")
    journal(store, planned)
    with pytest.raises(InvalidRequest) as raised:
        journal(store, creation("second"))
    assert planned[0].id in raised.value.message
    assert "first in eu-central-1 (pending)" in raised.value.message
    assert "--allow-duplicate" in raised.value.hint
    assert open_creations(store) == ["web"]
    assert journal(store, creation("second"), "other") == 1


def test_a_name_of_the_inventory_is_refused_until_the_instance_is_gone(store: Store) -> None:
    found = machine("a", name="web", state="stopped")
    with store.writing() as connection:
        resources.record(connection, "default", "second", found, run_id=None)
    with pytest.raises(InvalidRequest, match=r"instance i-a of second in eu-central-1 \(stopped\)"):
        journal(store, creation())
    assert journal(store, creation(allow_duplicate=True)) == 1
    deleted = found.model_copy(update={"state": "deleted"})
    with store.writing() as connection:
        resources.record(connection, "default", "second", deleted, run_id=None)
    with pytest.raises(InvalidRequest, match="being created by operation"):
        journal(store, creation())


def test_one_taken_name_of_several_refuses_all(store: Store) -> None:
    with store.writing() as connection:
        resources.record(connection, "default", "first", machine("a", name="web-2"), run_id=None)
    with pytest.raises(InvalidRequest, match="'web-2' is instance i-a"):
        journal(store, creation(count=3))
    assert open_creations(store) == []


def test_a_repeated_run_is_not_refused_by_its_own_operations(store: Store) -> None:
    run_id = str(uuid4())
    planned = creation(run_id=run_id, count=2)
    journal(store, planned[:1])
    assert journal(store, planned) == 2
    assert open_creations(store) == ["web-1", "web-2"]
    with store.reading() as connection:
        refuse_before_placement(connection, "default", ["web-1", "web-2"], run_id=run_id)
        with pytest.raises(InvalidRequest, match="2 of these names already"):
            refuse_before_placement(connection, "default", ["web-1", "web-2"], run_id=str(uuid4()))


def test_an_ended_creation_frees_its_name(store: Store) -> None:
    [planned] = creation()
    journal(store, [planned])
    with store.writing() as connection:
        operations.advance(
            connection, "default", planned.id, 1, step="failed", state=OperationState.FAILED
        )
    with store.reading() as connection:
        refuse_taken_names(connection, "default", ["web"])
    assert journal(store, creation()) == 1


def test_of_two_requests_at_once_one_is_refused(store: Store) -> None:
    """Each with a credential of its own, so that no lock of a credential keeps them apart."""
    both_ready = Barrier(2)

    def request(credential: str) -> SkyClustError | None:
        planned = creation(credential)
        both_ready.wait(timeout=30)
        try:
            journal(store, planned)
        except InvalidRequest as error:
            return error
        return None

    for _ in range(5):
        with store.writing() as connection:
            for one in operations.list_all(connection, "default", states=[OperationState.PENDING]):
                operations.advance(
                    connection, "default", one.id, 1, step="failed", state=OperationState.FAILED
                )
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(request, ("first", "second")))
        assert sum(result is None for result in results) == 1
