"""A store of any version keeps what it holds when it is migrated, on both engines."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    Date,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Numeric,
    Table,
    create_engine,
    insert,
    inspect,
    select,
    text,
)

from skyclust.errors import ConfigurationError
from skyclust.model.user_data import user_data_of
from skyclust.store import operations, schema
from skyclust.store.all_tables import metadata
from skyclust.store.engine import Store, _checked_url, _make_engine, open_store

VERSIONS = [
    one.revision for one in reversed([*ScriptDirectory(str(schema._MIGRATIONS)).walk_revisions()])
]

# Makes the table anew to which most others point, as SQLite has to for most changes.
PLANTED = """
import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{newest}"
branch_labels = None
depends_on = None


def upgrade():
    for table in ("workspaces", "credentials", "operations"):
        with op.batch_alter_table(table, recreate="{recreate}") as batch:
            batch.add_column(sa.Column("planted", sa.Text))
    {more}
"""


MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations, which the store takes for its own."""
    copy = tmp_path / "migrations"
    shutil.copytree(schema._MIGRATIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(schema, "_MIGRATIONS", copy)
    return copy


def at_version(url: str, version: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Make the tables as a program of that version did: later migrations are not there."""
    later = VERSIONS[VERSIONS.index(version) + 1 :]
    aside = folder.parent / "later"
    aside.mkdir(exist_ok=True)
    moved = [
        path
        for path in (folder / "versions").glob("v*.py")
        if any(path.name.startswith(f"v{one}_") for one in later)
    ]
    for path in moved:
        shutil.move(path, aside / path.name)
    with patch.context() as inner:
        inner.setattr(schema, "NEWEST", version)
        open_store(url).dispose()
    for path in moved:
        shutil.move(aside / path.name, path)


def fill(url: str) -> dict[str, list[dict[str, Any]]]:
    """Put a row into every table that has none, whatever its columns; return all rows."""
    engine = _raw(url)
    with engine.begin() as connection:
        tables = _tables(connection)
    for table in tables:
        with engine.begin() as connection:
            if not connection.execute(select(table)).first():
                connection.execute(insert(table).values(_row(table)))
    engine.dispose()
    found = read(url)
    assert all(found.values()), "a table without a row proves nothing"
    return found


def rows(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    return {
        table.name: [dict(row._mapping) for row in connection.execute(select(table))]
        for table in _tables(connection)
    }


def read(url: str) -> dict[str, list[dict[str, Any]]]:
    engine = _raw(url)
    with engine.begin() as connection:
        found = rows(connection)
    engine.dispose()
    return found


def _raw(url: str) -> Engine:
    return create_engine(_checked_url(url))


def _tables(connection: Connection) -> list[Table]:
    reflected = MetaData()
    reflected.reflect(connection)
    return [one for one in reflected.sorted_tables if one.name != schema.VERSION_TABLE]


def _row(table: Table) -> dict[str, Any]:
    """A value of each column's type; equal names hold equal values, as foreign keys want it."""
    values: dict[str, Any] = {}
    for column in table.columns:
        if isinstance(column.type, DateTime):
            values[column.name] = MOMENT if column.type.timezone else MOMENT.replace(tzinfo=None)
        elif isinstance(column.type, Date):
            values[column.name] = MOMENT.date()
        elif isinstance(column.type, Numeric):
            values[column.name] = Decimal("-12.345678901234")
        elif isinstance(column.type, JSON):
            values[column.name] = {"key": ["value"]}
        elif isinstance(column.type, Boolean):
            values[column.name] = True
        elif isinstance(column.type, Integer):
            values[column.name] = 1
        else:
            values[column.name] = "default" if column.name == "workspace_id" else "prod"
    for key in table.foreign_keys:
        if key.column.type.python_type is str and key.parent.name != "workspace_id":
            values[key.parent.name] = "prod"
    return values


RENAMED = {
    "instance_id": "subject_id",
    "instance_unique_id": "subject_unique_id",
    "instance_name": "subject_name",
}
"""Columns of operations that a migration renamed, with their newest names."""


def kept(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> None:
    """Every row is there, and every column that it had holds the same value."""
    for name, old in before.items():
        renamed = RENAMED if name == "operations" else {}
        expected = [{renamed.get(key, key): value for key, value in row.items()} for row in old]
        now = [{column: row[column] for column in expected[0]} for row in after[name]]
        assert now == expected, name


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_store_holds_outlives_every_migration(
    empty_url: str, version: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_version(empty_url, version, folder, monkeypatch)
    before = fill(empty_url)
    store = open_store(empty_url)
    assert store.has_newest_schema()
    store.dispose()
    after = read(empty_url)
    kept(before, after)
    assert set(after) == set(metadata.tables)


def test_the_first_version_has_data_in_every_table_of_its_time(
    empty_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above would prove little if the first version were already the last."""
    at_version(empty_url, VERSIONS[0], folder, monkeypatch)
    assert set(fill(empty_url)) < set(metadata.tables)


@pytest.fixture(params=["auto", "always"])
def planted(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A next migration, which changes tables that others point to: in place, or made anew."""
    path = folder / "versions" / "v9000_planted.py"
    path.write_text(PLANTED.format(newest=schema.NEWEST, recreate=request.param, more=""))
    monkeypatch.setattr(schema, "NEWEST", "9000")
    return path


def test_a_table_that_others_point_to_can_be_made_anew(
    empty_url: str, planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if empty_url.startswith("postgresql") and "always" in planted.read_text():
        # PostgreSQL alters in place, and no migration of ours makes it copy a table.
        planted.write_text(planted.read_text().replace("always", "auto"))
    with monkeypatch.context() as before_it:
        before_it.setattr(schema, "NEWEST", VERSIONS[-1])
        aside = planted.rename(planted.with_suffix(".aside"))
        open_store(empty_url).dispose()
        before = fill(empty_url)
        aside.rename(planted)
    store = open_store(empty_url)
    assert store.has_newest_schema()
    with store.reading() as connection:
        columns = {one["name"] for one in inspect(connection).get_columns("workspaces")}
    store.dispose()
    assert "planted" in columns
    kept(before, read(empty_url))


def test_foreign_keys_are_checked_after_a_migration_and_again_from_then_on(
    sqlite_url: str, planted: Path
) -> None:
    broken = PLANTED.format(
        newest=VERSIONS[-1],
        recreate="always",
        more='op.execute("DELETE FROM workspaces")',
    )
    planted.write_text(broken)
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    store = Store(_make_engine(_checked_url(sqlite_url)))
    with pytest.raises(ConfigurationError, match="points to one of workspaces"):
        store.migrate()
    with store.reading() as connection:
        assert schema.current(connection) == VERSIONS[-1], "nothing was changed"
        assert connection.scalar(text("SELECT count(*) FROM workspaces")) == 1
    for unit in (store.reading, store.writing):
        with unit() as connection:
            assert connection.scalar(text("PRAGMA foreign_keys")) == 1
    store.close()
    assert file.exists()


def _operation(name: str, *, finished: bool) -> dict[str, Any]:
    user_data = "#cloud-config\npassword: canary-4711"
    spec = {"name": name, "user_data": user_data, "tags": {"user_data": "a tag"}}
    return {
        "workspace_id": "default",
        "operation_id": name,
        "kind": "create",
        "credential": "prod",
        "provider": "aws",
        "region": "eu",
        "token": name,
        "request": {
            "spec": spec,
            "wait_seconds": 60,
            "fallbacks": [{"credential": "b", "spec": spec}],
        },
        "state": "succeeded" if finished else "running",
        "step": "succeeded" if finished else "requested",
        "epoch": 1,
        "entries": 1,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "finished_at": MOMENT if finished else None,
    }


def test_the_user_data_of_what_has_ended_is_taken_out(
    empty_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier versions journalled it in the clear; what is open still needs it."""
    at_version(empty_url, "0005", folder, monkeypatch)
    engine = _raw(empty_url)
    with engine.begin() as connection:
        [table] = [one for one in _tables(connection) if one.name == "operations"]
        for name, finished in (("ended", True), ("open", False)):
            row = _operation(name, finished=finished)
            if connection.dialect.name == "sqlite":
                times = ("created_at", "updated_at", "finished_at")
                row |= {one: row[one].replace(tzinfo=None) for one in times if row[one]}
            connection.execute(insert(table).values(row))
    engine.dispose()
    store = open_store(empty_url)
    with store.reading() as connection:
        ended, still_open = (
            operations.get(connection, "default", one) for one in ("ended", "open")
        )
    store.dispose()

    assert "canary" not in str(ended.request)
    assert user_data_of(ended.request) == ["********"] * 2
    assert ended.request["wait_seconds"] == 60
    assert "a tag" in str(ended.request)
    assert [one[-4:] for one in user_data_of(still_open.request)] == ["4711"] * 2
