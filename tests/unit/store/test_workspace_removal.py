"""A workspace is removed only when it is empty, and its history and audit trail stay."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from skyclust.errors import InvalidRequest, NotFound, SkyClustError
from skyclust.model.operation import OperationState
from skyclust.store import audit, credentials, operations, resources, workspaces
from skyclust.store.engine import Store
from skyclust.store.workspace_changes import add_workspace, remove_workspace
from tests.unit.store.inventory import add_credential, machine
from tests.unit.store.operations import journal_one

ACTOR = "user:1000"


@pytest.fixture
def store(store: Store) -> Store:
    add_workspace(store, "acme", "Acme", actor=ACTOR)
    return store


def test_an_empty_workspace_is_removed_with_its_line_in_the_trail(store: Store) -> None:
    assert remove_workspace(store, "acme", actor=ACTOR).title == "Acme"
    with store.reading() as connection:
        assert [one.id for one in workspaces.list_all(connection)] == ["default"]
        with pytest.raises(NotFound, match="acme"):
            workspaces.get(connection, "acme")
        assert workspaces.get(connection, "acme", or_removed=True).id == "acme"
        assert audit.verify(connection, "acme") == []
        actions = [entry.action for entry in audit.list_all(connection, "acme")]
    assert actions == ["workspace.add", "workspace.remove"]
    with pytest.raises(NotFound, match="acme"):
        remove_workspace(store, "acme", actor=ACTOR)
    with pytest.raises(NotFound, match="acme"), store.writing() as connection:
        add_credential(connection, "acme")


def test_the_refusal_names_what_is_in_the_way(store: Store) -> None:
    operation = journal_one(store, run_id=None, workspace_id="acme")
    with store.writing() as connection:
        resources.record(connection, "acme", "prod", machine("a"), run_id=None)
    with pytest.raises(InvalidRequest) as raised:
        remove_workspace(store, "acme", actor=ACTOR)
    assert raised.value.message == (
        f"Workspace 'acme' is not empty: it has 1 credential (prod); 1 open operation"
        f" ({operation.id}); 1 live resource in the inventory."
    )


def test_its_operations_and_history_come_back_with_its_id(store: Store) -> None:
    operation = journal_one(store, run_id=None, workspace_id="acme")
    with store.writing() as connection:
        operations.advance(
            connection, "acme", operation.id, 1, step="failed", state=OperationState.FAILED
        )
    with store.writing() as connection:
        credentials.remove(connection, "acme", "prod")
    remove_workspace(store, "acme", actor=ACTOR)
    assert add_workspace(store, "acme", "Acme again", actor=ACTOR).title == "Acme again"
    with store.reading() as connection:
        assert workspaces.get(connection, "acme").title == "Acme again"
        assert operations.get(connection, "acme", operation.id).state is OperationState.FAILED
        assert [entry.action for entry in audit.list_all(connection, "acme")][-2:] == [
            "workspace.remove",
            "workspace.add",
        ]
    with pytest.raises(InvalidRequest, match="already"):
        add_workspace(store, "acme", "", actor=ACTOR)


def test_the_default_workspace_stays(store: Store) -> None:
    with pytest.raises(InvalidRequest, match="cannot be removed"):
        remove_workspace(store, "default", actor=ACTOR)


@pytest.mark.parametrize("first", ["credential", "removal"])
def test_a_credential_that_is_added_meanwhile_is_not_lost(store: Store, first: str) -> None:
    """Whichever writes first is committed while the other one waits, and refuses it."""
    written, other_began = Event(), Event()

    def add() -> SkyClustError | None:
        return _in_turn(lambda connection: add_credential(connection, "acme"), leads="credential")

    def remove() -> SkyClustError | None:
        return _in_turn(lambda connection: workspaces.remove(connection, "acme"), leads="removal")

    def _in_turn(work: object, *, leads: str) -> SkyClustError | None:
        assert callable(work)
        try:
            if leads != first:
                assert written.wait(timeout=30)
                other_began.set()
            with store.writing() as connection:
                work(connection)
                if leads == first:
                    written.set()
                    other_began.wait(timeout=30)
                    # Long enough for the other one to reach the lock that it waits for.
                    Event().wait(timeout=0.3)
        except SkyClustError as error:
            return error
        return None

    with ThreadPoolExecutor(2) as pool:
        adding, removing = pool.submit(add), pool.submit(remove)
        results = adding.result(timeout=60), removing.result(timeout=60)
    with store.reading() as connection:
        left = [one.name for one in credentials.list_all(connection, "acme")]
    if first == "credential":
        assert results[0] is None
        assert isinstance(results[1], InvalidRequest)
        assert left == ["prod"]
    else:
        assert isinstance(results[0], NotFound)
        assert results[1] is None
        assert left == []
