"""Nothing of one workspace can be seen or changed from another, by any function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Connection, select

from skyclust import audit
from skyclust.errors import NotFound, Throttled
from skyclust.model.operation import OperationKind
from skyclust.model.resource import ResourceKind
from skyclust.store import credentials, operations, resources, scopes, workspaces
from skyclust.store.engine import Store
from skyclust.store.operations import NewOperation
from skyclust.store.tables import metadata
from tests.unit.store.inventory import KEY, REGION, machine, prepare, sync

NOUNS: tuple[ModuleType, ...] = (audit, credentials, operations, resources, scopes, workspaces)

Call = Callable[[Connection, str], Any]

ASKED = NewOperation(
    id="mine",
    kind=OperationKind.STOP,
    credential="prod",
    provider="aws",
    region=REGION,
    token="token",
)


def everything(connection: Connection, workspace_id: str) -> dict[str, Sequence[Any]]:
    """Return every row that a workspace has, table by table."""
    return {
        table.name: connection.execute(
            select(table)
            .where(table.c.workspace_id == workspace_id)
            .order_by(*table.primary_key.columns)
        ).all()
        for table in metadata.sorted_tables
    }


# What each function does when it is asked from the other workspace for what the first one has:
# a value to be returned, or the error to be raised.
READS: dict[str, tuple[Call, object]] = {
    "audit.list_all": (audit.list_all, []),
    "audit.verify": (audit.verify, []),
    "credentials.get": (lambda c, w: credentials.get(c, w, "only-mine"), NotFound),
    "credentials.hold": (lambda c, w: credentials.hold(c, w, "only-mine"), NotFound),
    "credentials.list_all": (
        lambda c, w: [one.name for one in credentials.list_all(c, w)],
        ["prod"],
    ),
    "operations.entries": (lambda c, w: operations.entries(c, w, "mine"), NotFound),
    "operations.get": (lambda c, w: operations.get(c, w, "mine"), NotFound),
    "operations.list_all": (operations.list_all, []),
    "operations.open_operations": (operations.open_operations, []),
    "resources.changes": (resources.changes, []),
    "resources.count_changes": (lambda c, w: sum(resources.count_changes(c, w).values()), 0),
    "resources.find": (resources.find, []),
    "resources.find as_of": (lambda c, w: resources.find(c, w, as_of=datetime.now(UTC)), []),
    "scopes.find": (lambda c, w: scopes.find(c, w, KEY), None),
    "scopes.list_all": (scopes.list_all, []),
    "workspaces.get": (lambda c, w: workspaces.get(c, w).id, "other"),
}

WRITES: dict[str, Call] = {
    "audit.append": lambda c, w: audit.append(c, w, actor="a", action="b", object="c", detail={}),
    "credentials.add": lambda c, w: credentials.add(
        c, w, name="only-mine", provider="aws", block_name="b"
    ),
    "credentials.remove": lambda c, w: credentials.remove(c, w, "prod"),
    "credentials.set_verified": lambda c, w: credentials.set_verified(c, w, "prod", "1", "me"),
    "operations.advance": lambda c, w: operations.advance(c, w, "mine", 1, step="stolen"),
    "operations.journal": lambda c, w: operations.journal(c, w, [ASKED], run_id="theirs"),
    "operations.take_over": lambda c, w: operations.take_over(c, w, "mine", 1, run_id="theirs"),
    "resources.forget": lambda c, w: resources.forget(
        c, w, "prod", REGION, ResourceKind.INSTANCE, "i-a", run_id="theirs"
    ),
    "resources.record": lambda c, w: resources.record(
        c, w, "prod", machine("a", state="stopped"), run_id="theirs"
    ),
    "resources.replace_scope": lambda c, w: resources.replace_scope(
        c, w, KEY, "aws", [machine("b")], read_started_at=datetime.now(UTC), run_id="theirs"
    ),
    "scopes.mark_failed": lambda c, w: scopes.mark_failed(
        c, w, KEY, "aws", Throttled("Slow down."), "theirs"
    ),
    "scopes.write": lambda c, w: scopes.write(
        c, w, KEY, {"provider": "aws", "state": "failed", "error": "theirs"}
    ),
    "workspaces.add": lambda c, w: workspaces.add(c, "third"),
}

BEYOND_WORKSPACES = {"workspaces.list_all"}
"""It serves whoever runs the installation."""


@pytest.fixture
def store(store: Store) -> Store:
    """Give the workspace `default` a row in every table, and `other` a credential alone."""
    prepare(store, "other")
    sync(store, [machine("a"), machine("gone")])
    sync(store, [machine("a", state="stopped")])
    with store.writing() as connection:
        credentials.add(connection, "default", name="only-mine", provider="aws", block_name="b")
        operations.journal(connection, "default", [ASKED], run_id="mine")
        audit.append(connection, "default", actor="a", action="b", object="c", detail={})
        assert all(everything(connection, "default").values())
    return store


def test_every_function_of_every_noun_is_tried() -> None:
    public = {
        f"{module.__name__.rsplit('.', 1)[-1]}.{name}"
        for module in NOUNS
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_")
        and (function.__module__ == module.__name__ or name in getattr(module, "__all__", ()))
    }
    tried = {name.split(" ")[0] for name in READS} | set(WRITES)
    assert public - BEYOND_WORKSPACES == tried


def test_every_table_carries_the_workspace_in_its_key_or_refuses_null() -> None:
    for table in metadata.sorted_tables:
        assert not table.c.workspace_id.nullable, table.name


@pytest.mark.parametrize("name", READS)
def test_nothing_is_seen_from_another_workspace(store: Store, name: str) -> None:
    call, expected = READS[name]
    with store.writing() as connection:
        if isinstance(expected, type) and issubclass(expected, Exception):
            with pytest.raises(expected):
                call(connection, "other")
        else:
            assert call(connection, "other") == expected


@pytest.mark.parametrize("name", READS)
def test_the_same_is_seen_from_its_own(store: Store, name: str) -> None:
    call, elsewhere = READS[name]
    with store.writing() as connection:
        found = call(connection, "default")
    assert found != elsewhere or name == "audit.verify"


@pytest.mark.parametrize("name", WRITES)
def test_nothing_is_changed_from_another_workspace(store: Store, name: str) -> None:
    with store.reading() as connection:
        before = everything(connection, "default")
    try:
        with store.writing() as connection:
            WRITES[name](connection, "other")
    except NotFound:
        pass
    with store.reading() as connection:
        assert everything(connection, "default") == before
