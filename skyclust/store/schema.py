"""The version of the tables: which one a database has, and how it is migrated."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from skyclust.errors import ConfigurationError
from skyclust.store.locks import LockName, lock

NEWEST: Final = "0012"
"""The newest migration; a test compares it with the files. Known here so that a process whose
database is up to date need not import Alembic."""

VERSION_TABLE: Final = "skyclust_schema"
"""Not Alembic's own name, which Prefect uses, perhaps in the same database."""

_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def current(connection: Connection) -> str | None:
    """Return the newest migration of the database; None if it has none of our tables."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
    return version


def require_newest(connection: Connection) -> None:
    """Raise ConfigurationError unless the database has the newest version."""
    version = current(connection)
    if version == NEWEST:
        return
    _refuse_newer(version)
    raise ConfigurationError(
        f"The store's tables are at version {version or 'none'}, this SkyClust needs {NEWEST}.",
        hint="Let one process migrate it: set SKYCLUST_DATABASE_MIGRATE_ON_START=true.",
    )


def upgrade(connection: Connection) -> None:
    """Migrate the database to the newest version, within the caller's transaction.

    Processes that migrate at the same time wait for each other: on SQLite for the writer's lock of
    the caller's transaction, on PostgreSQL for the lock `migration`, held until it ends.
    Raises ConfigurationError when the database belongs to a newer SkyClust.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
    lock(connection, LockName.MIGRATION)
    version = current(connection)
    _refuse_newer(version)
    if version == NEWEST:
        return
    # Alembic takes long to import, and is needed by the first start only.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite":
        _require_whole_references(connection)


def _require_whole_references(connection: Connection) -> None:
    """Raise ConfigurationError when a row refers to a row that does not exist.

    SQLite checks no foreign key while it migrates, because it copies whole tables
    (https://www.sqlite.org/lang_altertable.html, section 7).
    """
    broken = connection.execute(text("PRAGMA foreign_key_check")).first()
    if broken is not None:
        raise ConfigurationError(
            f"The store cannot be migrated: a row of {broken[0]} points to one of {broken[2]}"
            " that is not there.",
            hint="Nothing was changed. Restore a backup, or mend the row.",
        )


def _refuse_newer(version: str | None) -> None:
    if version is not None and version > NEWEST:
        raise ConfigurationError(
            f"The store's tables are at version {version}, newer than this SkyClust ({NEWEST}).",
            hint="Install the newer SkyClust again, or restore a backup made before its upgrade.",
        )
