"""A store that the first version of the tables filled: everything in it means what it meant.

`test_migrations` holds every value of every column to what it was; here the store of today reads
what an installation of the first version would have written, and works on with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, Table, create_engine, insert, update

from skyclust.model.audit import AuditEntry, genesis_hash
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import OperationState
from skyclust.model.resource import ChangeKind, Resource, ResourceKind
from skyclust.model.scope import ScopeKey, ScopeState
from skyclust.store import (
    audit,
    blocks,
    credentials,
    operations,
    outbox,
    resources,
    retention,
    schema,
    scopes,
    workspaces,
)
from skyclust.store.engine import Store, _checked_url, open_store

START = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
KEY = ScopeKey(credential="prod", region="eu-central-1", kind=ResourceKind.INSTANCE)


def hours(number: float) -> datetime:
    """Return the time so many hours after the first row was written."""
    return START + timedelta(hours=number)


def make_first_version(connection: Connection) -> dict[str, Table]:
    """Make the tables of migration 0001, and return them."""
    config = Config()
    config.set_main_option("script_location", str(schema._MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")
    reflected = MetaData()
    reflected.reflect(connection)
    return dict(reflected.tables)


def version(name: str, **values: Any) -> dict[str, Any]:
    """Return a row of a resource: an instance that ran from the beginning on."""
    place = {"workspace_id": "default", "credential": "prod", "region": KEY.region}
    return {
        **place,
        "kind": "instance",
        "resource_id": f"i-{name}",
        "provider": "aws",
        "name": name,
        "zone": "eu-central-1a",
        "state": "running",
        "native_state": "running",
        "tags": {"env": "prod", "größe": "XL"},
        "created_at": START,
        "attributes": {"type": "t3.small", "cores": 2, "memory_gib": 2.0, "public": None},
        "fingerprint": "0" * 32,
        "first_seen_at": hours(1),
        "observed_at": hours(1),
        "valid_from": hours(1),
        "run_id": "run-1",
        "previous_version_id": None,
        "valid_to": None,
        "ended_by": None,
        "ended_run_id": None,
        **values,
    }


# The engine numbers them 1, 2, 3.
VERSIONS = (
    version(
        "web",
        state="stopped",
        native_state="stopped",
        valid_to=hours(2),
        ended_by="changed",
        ended_run_id="run-2",
    ),
    # The fingerprint as the first version computed it of this resource.
    version(
        "web",
        fingerprint="cea6463e85bc6a42f9834210c5dfaab3",
        valid_from=hours(2),
        run_id="run-2",
        previous_version_id=1,
    ),
    version("old", valid_to=hours(3), ended_by="gone", ended_run_id="run-3"),
)


def operation(name: str, state: str, step: str, **values: Any) -> dict[str, Any]:
    """Return a row of the journal."""
    return {
        "workspace_id": "default",
        "operation_id": name,
        "kind": "stop",
        "credential": "prod",
        "provider": "aws",
        "region": KEY.region,
        "token": f"token-{name}",
        "request": {"wait_seconds": 900.0},
        "state": state,
        "step": step,
        "epoch": 3,
        "run_id": "run-4",
        "instance_id": "i-web",
        "instance_name": "web",
        "error": None,
        "error_class": None,
        "entries": 1,
        "created_at": hours(4),
        "updated_at": hours(5),
        "finished_at": None,
        **values,
    }


def trail() -> list[dict[str, Any]]:
    """Return two lines of an audit trail, each with its hash."""
    lines: list[dict[str, Any]] = []
    for number, action in enumerate(("credential.save", "credential.verify"), 1):
        line = {
            "workspace_id": "default",
            "sequence": number,
            "at": hours(number),
            "actor": "user:0",
            "action": action,
            "object": "credential/prod",
            "detail": json.dumps({"outcome": "ok"}, separators=(",", ":")),
            "previous_hash": lines[-1]["hash"] if lines else genesis_hash("default"),
        }
        lines.append({**line, "hash": audit._hash(line)})
    return lines


def fill(connection: Connection, tables: dict[str, Table]) -> None:
    """Write what an installation of the first version would have written."""

    def write(table: str, *rows: dict[str, Any]) -> None:
        # SQLite keeps times without a zone, all in UTC.
        naive = connection.dialect.name == "sqlite"
        for row in rows:
            values = {
                name: value.replace(tzinfo=None) if naive and isinstance(value, datetime) else value
                for name, value in row.items()
            }
            connection.execute(insert(tables[table]).values(values))

    own = {"workspace_id": "default"}
    write("workspaces", {"workspace_id": "shop", "title": "Shop", "created_at": START})
    named = {"name": "prod", "provider": "aws", "block_name": "default--prod"}
    identity = {"account": "123456789012", "principal": "arn:aws:iam::123456789012:user/ada"}
    times = {"created_at": START, "verified_at": hours(1)}
    write("credentials", own | named | identity | times)
    ended = {"finished_at": hours(5), "error": "No right.", "error_class": "PermissionDenied"}
    write(
        "operations",
        operation("open", "running", "requested"),
        operation("ended", "failed", "failed", **ended),
    )
    line = {"at": hours(4), "epoch": 1, "state": "pending", "step": "journalled", "detail": "é"}
    entry = {"operation_id": "open", "sequence": 1, "run_id": "run-4"}
    write("operation_entries", own | entry | line)
    scope = own | KEY.model_dump(mode="json") | {"provider": "aws"}
    read = {"read_started_at": hours(3), "completed_at": hours(3), "attempted_at": hours(6)}
    failed = {"error": "Too fast.", "error_class": "Throttled", "run_id": "run-6"}
    write("scopes", scope | {"state": "stale"} | read | failed)
    write("resource_versions", *VERSIONS)
    write("audit_heads", {"workspace_id": "shop", "entries": 0, "hash": genesis_hash("shop")})
    lines = trail()
    write("audit_entries", *lines)
    connection.execute(
        update(tables["audit_heads"])
        .where(tables["audit_heads"].c.workspace_id == "default")
        .values(entries=len(lines), hash=lines[-1]["hash"])
    )


@pytest.fixture
def store(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store of today on a database that the first version filled."""
    if empty_url.startswith("sqlite"):
        with monkeypatch.context() as patch:  # makes the folder of the file
            patch.setenv("SKYCLUST_DATABASE_MIGRATE_ON_START", "false")
            with pytest.raises(Exception, match="version none"):
                open_store(empty_url)
    engine = create_engine(_checked_url(empty_url))
    with engine.begin() as connection:
        tables = make_first_version(connection)
    with engine.begin() as connection:
        fill(connection, tables)
    engine.dispose()
    opened = open_store(empty_url)
    assert opened.has_newest_schema()
    yield opened
    opened.dispose()


def test_workspaces_and_credentials_are_there(store: Store) -> None:
    with store.reading() as connection:
        assert {one.id for one in workspaces.list_all(connection)} == {"default", "shop"}
        assert workspaces.get(connection, "shop").title == "Shop"
        assert workspaces.get(connection, "shop").created_at == START
        assert retention.kept_from(connection, "default") is None, "nothing was ever pruned"
        record = credentials.get(connection, "default", "prod")
        assert (record.account, record.verified_at) == ("123456789012", hours(1))
        assert record.principal == "arn:aws:iam::123456789012:user/ada"
        assert blocks.unwanted(connection) == []
        assert outbox.waiting(connection, "default") == []


def test_the_inventory_answers_for_every_time(store: Store) -> None:
    with store.reading() as connection:
        [web] = resources.find(connection, "default")
        [scope] = scopes.list_all(connection, "default")
        then = {
            number: [
                (one.name, one.state)
                for one in resources.find(connection, "default", as_of=hours(number))
            ]
            for number in (0, 1, 2, 3)
        }
        changes = resources.changes(connection, "default")
    assert (web.id, web.state, web.first_seen_at) == ("i-web", "running", hours(1))
    assert web.tags == {"env": "prod", "größe": "XL"}
    assert web.attributes == {"type": "t3.small", "cores": 2, "memory_gib": 2.0, "public": None}
    assert web.created_at == START
    assert (scope.state, scope.error) == (ScopeState.STALE, "Too fast.")
    assert scope.completed_at == hours(3)
    assert then == {
        0: [],
        1: [("old", "running"), ("web", "stopped")],
        2: [("old", "running"), ("web", "running")],
        3: [("web", "running")],
    }
    assert [(one.kind, one.resource.name, one.run_id) for one in changes] == [
        (ChangeKind.GONE, "old", "run-3"),
        (ChangeKind.CHANGED, "web", "run-2"),
        (ChangeKind.ADDED, "old", "run-1"),
        (ChangeKind.ADDED, "web", "run-1"),
    ]
    assert changes[1].before == {"native_state": "stopped", "state": "stopped"}


def test_a_resource_that_did_not_change_is_not_written_again(store: Store) -> None:
    """The fingerprints of the first version are those of today, else all would have changed."""
    with store.reading() as connection:
        [known] = resources.find(connection, "default")
    web = Resource.model_validate({name: getattr(known, name) for name in Resource.model_fields})
    with store.writing() as connection:
        written = resources.replace_scope(
            connection, "default", KEY, "aws", [web], read_started_at=hours(7), run_id="run-7"
        )
    assert (written.unchanged, written.added, written.changed, written.gone) == (1, (), (), ())


def test_the_journal_goes_on(store: Store) -> None:
    with store.writing() as connection:
        [still_open] = operations.open_operations(connection, "default")
        ended = operations.get(connection, "default", "ended")
        [entry] = operations.entries(connection, "default", "open")
    assert (still_open.id, still_open.state) == ("open", OperationState.RUNNING)
    assert (still_open.kind, still_open.token) == (InstanceAction.STOP, "token-open")
    assert (still_open.step, still_open.epoch, still_open.attempts) == ("requested", 3, 0)
    assert not still_open.cancelled
    assert still_open.request == {"wait_seconds": 900.0}
    assert (ended.state, ended.error) == (OperationState.FAILED, "No right.")
    assert ended.error_class == "PermissionDenied"
    assert (ended.created_at, ended.finished_at) == (hours(4), hours(5))
    assert (entry.step, entry.detail, entry.at) == ("journalled", "é", hours(4))


def test_the_audit_trail_is_whole_and_goes_on(store: Store) -> None:
    with store.writing() as connection:
        assert audit.verify(connection, "default") == []
        added: AuditEntry = audit.append(
            connection, "default", actor="user:0", action="a", object="o", detail={}
        )
        assert added.sequence == 3
        assert audit.verify(connection, "default") == []
        assert audit.verify(connection, "shop") == []
