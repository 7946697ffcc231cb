"""Opening a store: its URL, its tables, and the errors of a broken database."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import make_url, text, update

from skyclust.errors import ConfigurationError, Conflict, InvalidRequest, Unavailable
from skyclust.store import engine, schema, workspaces
from skyclust.store.all_tables import metadata
from skyclust.store.engine import Store, open_store
from skyclust.store.tables import workspaces as workspaces_table

MIGRATIONS = Path(schema.__file__).parent / "migrations"


class TestAddress:
    @pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
    def test_every_name_of_postgresql_is_understood(self, postgresql_url: str, scheme: str) -> None:
        url = make_url(postgresql_url).set(drivername=scheme)
        store = open_store(url.render_as_string(hide_password=False))
        assert store.dialect == "postgresql"
        store.dispose()

    @pytest.mark.parametrize(
        ("url", "says"),
        [
            ("mysql://host/db", "cannot be a mysql"),
            ("postgresql+asyncpg://host/db", r"cannot be a postgresql\+asyncpg"),
            ("sqlite://", "in memory"),
            ("sqlite:///:memory:", "in memory"),
            ("store.db", "cannot be read"),
            ("", "cannot be read"),
        ],
    )
    def test_what_cannot_be_a_store_is_refused(self, url: str, says: str) -> None:
        with pytest.raises(ConfigurationError, match=says):
            open_store(url)

    def test_the_settings_name_the_default(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SKYCLUST_DATABASE_URL", raising=False)
        monkeypatch.setenv("SKYCLUST_HOME", str(tmp_path / "home"))
        store = open_store()
        assert store.dialect == "sqlite"
        assert open_store() is store
        store.dispose()
        assert (tmp_path / "home" / "skyclust.db").exists()
        assert (tmp_path / "home").stat().st_mode & 0o077 == 0

    def test_a_password_is_not_shown(self) -> None:
        unreachable = "postgresql://sky:canary@127.0.0.1:1/db"
        with pytest.raises(Unavailable) as caught:
            open_store(unreachable)
        assert "canary" not in str(caught.value)
        with pytest.raises(ConfigurationError) as refused:
            open_store("postgresql://sky:canary@[::1/db")
        assert "canary" not in str(refused.value)

    def test_a_disposed_store_is_opened_anew(self, sqlite_url: str) -> None:
        first = open_store(sqlite_url)
        first.dispose()
        second = open_store(sqlite_url)
        assert second is not first
        second.dispose()


class TestTables:
    def test_the_migrations_make_what_the_code_expects(self, empty_url: str) -> None:
        store = open_store(empty_url)
        with store.writing() as connection:
            context = MigrationContext.configure(
                connection,
                opts={"version_table": schema.VERSION_TABLE, "compare_server_default": True},
            )
            assert compare_metadata(context, metadata) == []
        store.dispose()

    def test_the_newest_migration_is_the_one_the_code_knows(self) -> None:
        assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == schema.NEWEST

    def test_opening_again_costs_milliseconds_and_no_alembic(self, empty_url: str) -> None:
        open_store(empty_url).dispose()
        script = (
            "import sys, time; from skyclust.store.engine import open_store;"
            "import psycopg, sqlalchemy.dialects.postgresql;"  # a driver loads once a process
            "begin = time.perf_counter(); open_store(sys.argv[1]);"
            "print(time.perf_counter() - begin, 'alembic' in sys.modules)"
        )
        answer = subprocess.run(
            [sys.executable, "-c", script, empty_url],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout.split()
        assert float(answer[0]) < 1, "a busy machine takes 10 ms, not a second"
        assert answer[1] == "False"

    def test_several_processes_start_at_once(self, empty_url: str) -> None:
        script = (
            "import sys, time; from skyclust.store.engine import open_store;"
            "from skyclust.store import workspaces;"
            "time.sleep(max(0, float(sys.argv[2]) - time.time()));"
            "work = open_store(sys.argv[1]).reading();"
            "print(len(workspaces.list_all(work.__enter__())))"
        )
        start = str(time.time() + 3)
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", script, empty_url, start],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(5)
        ]
        answers = [process.communicate(timeout=120) for process in processes]
        assert [answer[0].strip() for answer in answers] == ["1"] * 5, answers

    def test_without_leave_to_migrate_the_tables_must_be_there(
        self, empty_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SKYCLUST_DATABASE_MIGRATE_ON_START", "false")
        with pytest.raises(ConfigurationError, match="SKYCLUST_DATABASE_MIGRATE_ON_START"):
            open_store(empty_url)
        monkeypatch.setenv("SKYCLUST_DATABASE_MIGRATE_ON_START", "true")
        open_store(empty_url).dispose()
        monkeypatch.setenv("SKYCLUST_DATABASE_MIGRATE_ON_START", "false")
        open_store(empty_url).dispose()

    def test_tables_of_a_newer_version_are_left_alone(self, empty_url: str) -> None:
        store = open_store(empty_url)
        with store.writing() as connection:
            connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))
        store.dispose()
        with pytest.raises(ConfigurationError, match="newer"):
            open_store(empty_url)

    def test_migrating_again_changes_nothing(self, store: Store) -> None:
        with store.writing() as connection:
            workspaces.add(connection, "kept")
        store.migrate()
        with store.reading() as connection:
            assert len(workspaces.list_all(connection)) == 2

    def test_prefect_may_share_the_database(self, empty_url: str) -> None:
        """Prefect keeps its version in Alembic's default table, which SkyClust must not use."""
        store = open_store(empty_url)
        with store.reading() as connection:
            names = {"alembic_version", *metadata.tables}
            found = {name for name in names if connection.dialect.has_table(connection, name)}
        assert found == set(metadata.tables)
        store.dispose()


class TestUnitOfWork:
    def test_reading_cannot_write(self, store: Store) -> None:
        with (
            pytest.raises(Exception, match=r"read-?only"),
            store.reading() as connection,
        ):
            workspaces.add(connection, "other")
        with store.writing() as connection:
            workspaces.add(connection, "other")

    def test_an_error_of_the_tree_goes_through_untouched(self, store: Store) -> None:
        raised = InvalidRequest("No.")
        with pytest.raises(InvalidRequest) as caught, store.writing():
            raise raised
        assert caught.value is raised

    def test_sqlite_is_durable_checked_and_write_ahead(self, sqlite_store: Store) -> None:
        with sqlite_store.reading() as connection:
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
            }
        assert found == {
            "journal_mode": "wal",
            "foreign_keys": 1,
            "synchronous": 2,
            "busy_timeout": 30_000,
        }

    def test_a_writer_that_waits_too_long_is_told_conflict(
        self, store_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(engine, "LOCK_SECONDS", 1)
        first, second = (
            open_store(store_url),
            Store(engine._make_engine(engine._checked_url(store_url))),
        )
        change = update(workspaces_table).values(title="changed")
        with first.writing() as connection:
            connection.execute(change)
            with pytest.raises(Conflict), second.writing() as late:
                late.execute(change)
        second.dispose()
        first.dispose()

    def test_a_file_that_is_no_database_is_a_configuration_error(self, tmp_path: Path) -> None:
        file = tmp_path / "store.db"
        file.write_text("This is a letter, not a database, however long it may be. " * 20)
        with pytest.raises(ConfigurationError, match="not a database"):
            open_store(f"sqlite:///{file}")

    def test_a_store_that_cannot_be_written_is_a_configuration_error(self, store: Store) -> None:
        sqlite = store.dialect == "sqlite"
        read_only = text("PRAGMA query_only = ON" if sqlite else "SET TRANSACTION READ ONLY")

        def write() -> None:
            with store.writing() as connection:
                connection.execute(read_only)
                workspaces.add(connection, "another", "Another")

        with pytest.raises(ConfigurationError, match="can be written"):
            write()

    def test_a_folder_that_cannot_be_made_is_a_configuration_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(ConfigurationError, match="cannot be made"):
            open_store(f"sqlite:///{tmp_path}/file/store.db")

    def test_an_unknown_database_or_role_is_a_configuration_error(
        self, postgresql_server: str
    ) -> None:
        nowhere = make_url(postgresql_server).set(database="skyclust_nowhere")
        with pytest.raises(ConfigurationError, match="does not exist"):
            open_store(nowhere.render_as_string(hide_password=False))

    def test_a_server_that_drops_us_is_unavailable(self, postgresql_url: str) -> None:
        store = open_store(postgresql_url)
        with pytest.raises(Unavailable), store.writing() as connection:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        with store.reading() as connection:
            assert workspaces.get(connection, "default")
        store.dispose()


class TestTimes:
    def test_a_moment_comes_back_in_utc_to_the_microsecond(self, store: Store) -> None:
        moment = datetime(2026, 3, 29, 1, 59, 59, 123456, tzinfo=timezone(timedelta(hours=-7)))
        with store.writing() as connection:
            connection.execute(update(workspaces_table).values(created_at=moment))
        with store.reading() as connection:
            found = workspaces.get(connection, "default").created_at
        assert found == moment
        assert found.tzinfo is UTC

    def test_a_moment_without_timezone_is_refused(self, store: Store) -> None:
        naive = datetime(2026, 1, 1)  # noqa: DTZ001  what is refused
        change = update(workspaces_table).values(created_at=naive)
        with pytest.raises(InvalidRequest, match="no timezone"), store.writing() as connection:
            connection.execute(change)


def test_a_forked_child_gets_a_store_of_its_own(sqlite_url: str) -> None:
    parent = open_store(sqlite_url)
    with parent.reading() as connection:
        workspaces.list_all(connection)
    pid = os.fork()
    if pid == 0:
        os._exit(0 if open_store(sqlite_url) is not parent else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    parent.dispose()
