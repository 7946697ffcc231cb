"""The store: one SQL database, its units of work, and how it is opened."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from skyclust.errors import ConfigurationError, Conflict
from skyclust.file_modes import FOLDER_MODE, create_private
from skyclust.settings import load_settings
from skyclust.store import schema
from skyclust.store.decimals import SortableSum
from skyclust.store.failures import store_error
from skyclust.store.transactions import (
    REPEATED_FOR,
    TRIES,
    is_rolled_back,
    pause_after,
    write_transaction,
)

_Result = TypeVar("_Result")

LOCK_SECONDS: Final = 30
"""How long a writer waits for a lock of another writer before Conflict is raised."""

STATEMENT_SECONDS: Final = 300
"""How long one statement may take on PostgreSQL; SQLite has no such limit."""

_POSTGRESQL_NAMES: Final = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
_SQLITE_NAMES: Final = frozenset({"sqlite", "sqlite+pysqlite"})


class Store:
    """One SQL database. Safe to use from several threads; not from a forked child.

    Every error that leaves a unit of work is of the error tree, except faults of our own
    statements.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def dialect(self) -> str:
        """Return `sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def url(self) -> str:
        """Return the URL with its password masked."""
        return self._engine.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a unit of work that reads one consistent snapshot and cannot write."""
        with _mapped_errors(), self._connect(writing=False) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a unit of work that writes: one transaction, committed at the end or not at all.

        On SQLite it is the only writer from its beginning. Units of work must not be nested, and
        nothing that waits for a network may be called inside one. Work that may conflict with
        other writers belongs in `write`, which repeats it.
        """
        with self._writing(migrating=False) as connection:
            yield connection

    def write(self, work: Callable[[Connection], _Result]) -> _Result:
        """Call `work` in a unit of work that writes, commit it, and return the result.

        A deadlock, or a lock that another writer held for too long, rolls the whole transaction
        back; then it is repeated a few times. So `work` only reads and writes through its
        connection, and does nothing that must not be done twice. Raises what `work` raises, and
        Conflict when other writers hold their locks for too long.
        """
        return self._repeated(work, migrating=False)

    def migrate(self) -> None:
        """Migrate the tables to the newest version; safe when several processes do it at once.

        Raises ConfigurationError when the database belongs to a newer SkyClust.
        """
        if self.dialect == "sqlite":
            with _mapped_errors():
                _use_write_ahead_log(self._engine)
        self._repeated(schema.upgrade, migrating=True)

    def require_newest_schema(self) -> None:
        """Raise ConfigurationError unless the tables have the newest version."""
        with self.reading() as connection:
            schema.require_newest(connection)

    def has_newest_schema(self) -> bool:
        """Return whether the tables have the newest version."""
        with self.reading() as connection:
            return schema.current(connection) == schema.NEWEST

    def dispose(self) -> None:
        """Close the pooled connections; the next `open_store` makes a new store."""
        with _opening:
            for key in [key for key, store in _opened.items() if store is self]:
                del _opened[key]
        self.close()

    def close(self) -> None:
        """Close the pooled connections."""
        self._engine.dispose()

    def _repeated(self, work: Callable[[Connection], _Result], *, migrating: bool) -> _Result:
        end = time.monotonic() + REPEATED_FOR
        tried = 0
        while True:
            try:
                with self._writing(migrating=migrating) as connection:
                    return work(connection)
            except Conflict as error:
                tried += 1
                if tried == TRIES or time.monotonic() >= end or not is_rolled_back(error):
                    raise
            time.sleep(pause_after(tried))

    @contextmanager
    def _writing(self, *, migrating: bool) -> Iterator[Connection]:
        with (
            _mapped_errors(),
            self._connect(writing=True, migrating=migrating) as connection,
            write_transaction(),
            connection.begin(),
        ):
            yield connection

    def _connect(self, *, writing: bool, migrating: bool = False) -> Connection:
        connection = self._engine.connect()
        if self.dialect == "sqlite":
            return connection.execution_options(
                skyclust_writing=writing, skyclust_migrating=migrating
            )
        if writing:
            return connection
        return connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )


_opened: Final[dict[tuple[int, str], Store]] = {}
_opening: Final = threading.Lock()


def open_store(url: str | None = None) -> Store:
    """Return the store at a URL, by default that of the settings; one object per process and URL.

    Migrates the tables to their newest version first, unless SKYCLUST_DATABASE_MIGRATE_ON_START
    is false. Raises ConfigurationError for a URL that cannot be used, and for tables of an older
    or a newer version; Unavailable when the database does not answer.
    """
    settings = load_settings()
    location = url if url is not None else settings.store_url()
    key = (os.getpid(), location)
    with _opening:
        store = _opened.get(key)
        if store is not None:
            return store
        store = Store(_make_engine(_checked_url(location)))
        try:
            _prepare_tables(store, migrate=settings.database_migrate_on_start)
        except BaseException:
            store.close()
            raise
        _opened[key] = store
        return store


def _prepare_tables(store: Store, *, migrate: bool) -> None:
    if not migrate:
        store.require_newest_schema()
    elif not store.has_newest_schema():
        store.migrate()


def _checked_url(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The text may hold a password, and the error part of the text: neither is repeated.
        raise ConfigurationError(
            "The URL of the store cannot be read.",
            hint="Set SKYCLUST_DATABASE_URL like postgresql://user:password@host:5432/database.",
        ) from None
    if url.drivername in _POSTGRESQL_NAMES:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in _SQLITE_NAMES:
        raise ConfigurationError(
            f"The store cannot be a {url.drivername} database.",
            hint="Use sqlite:///path/to/file.db or postgresql://user:password@host/database.",
        )
    if url.database in (None, "", ":memory:"):
        raise ConfigurationError(
            "The store cannot be an SQLite database in memory: other processes share it.",
            hint="Name a file: sqlite:///path/to/file.db.",
        )
    return url.set(drivername="sqlite+pysqlite")


def _make_engine(url: URL) -> Engine:
    common: dict[str, Any] = {
        "hide_parameters": True,  # errors and logs must not show the values of rows
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
    }
    if url.get_backend_name() == "postgresql":
        limits = (
            f"-c lock_timeout={LOCK_SECONDS}s -c statement_timeout={STATEMENT_SECONDS}s"
            " -c idle_in_transaction_session_timeout=600s"
        )
        defaults = {"connect_timeout": 10, "application_name": "skyclust", "options": limits}
        return create_engine(
            url,
            pool_pre_ping=True,
            connect_args={name: value for name, value in defaults.items() if name not in url.query},
            **common,
        )
    if "uri" not in url.query:
        _make_file(Path(url.database or ""))
    engine = create_engine(url, connect_args={"timeout": LOCK_SECONDS}, **common)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_file(path: Path) -> None:
    """Create the file of the store, readable by its owner only, and its folder, if missing."""
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        create_private(path)
    except OSError as error:
        raise ConfigurationError(
            f"The file of the store, {path}, cannot be made: {error.strerror}.",
            hint="Check SKYCLUST_DATABASE_URL and SKYCLUST_HOME.",
        ) from error


def _prepare_sqlite(dbapi_connection: Any, _record: object) -> None:
    # The driver would begin transactions by itself: late, and never IMMEDIATE.
    dbapi_connection.isolation_level = None
    # A journal entry must survive a power cut before the cloud is called.
    dbapi_connection.execute("PRAGMA synchronous = FULL")
    dbapi_connection.create_aggregate("exact_sum", 1, SortableSum)


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    writing = options.get("skyclust_writing", False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writing else 'ON'}")
    # A migration copies a table and drops the old one while rows still refer to it: it checks the
    # foreign keys itself. The pragma has no effect inside a transaction.
    checked = not options.get("skyclust_migrating", False)
    connection.exec_driver_sql(f"PRAGMA foreign_keys = {'ON' if checked else 'OFF'}")
    # A reader that becomes a writer can fail at once; a writer from the beginning only waits.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _use_write_ahead_log(engine: Engine) -> None:
    # The mode is a property of the file, and cannot be changed inside a transaction.
    dbapi_connection = engine.raw_connection()
    try:
        dbapi_connection.cursor().execute("PRAGMA journal_mode = WAL")
    finally:
        dbapi_connection.close()


@contextmanager
def _mapped_errors() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        ours = store_error(error)
        if ours is None:
            raise
        raise ours from error
