"""The form of the tables: which one a database has, and how it gets the newest."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from skyclust.errors import ConfigurationError

NEWEST: Final = "0001"
"""The newest migration; a test holds it to the files. Known here so that a process whose
database is up to date need not import Alembic."""

VERSION_TABLE: Final = "skyclust_schema"
"""Not Alembic's own name, which Prefect uses, perhaps in the same database."""

# Any number serves, as long as nothing else on the server uses it for an advisory lock.
_MIGRATION_LOCK: Final = 0x536B79436C757374


def current(connection: Connection) -> str | None:
    """Return the migration that the database has; None when it has none of our tables."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
    return version


def require_newest(connection: Connection) -> None:
    """Raise ConfigurationError unless the database has the newest form."""
    found = current(connection)
    if found == NEWEST:
        return
    _refuse_newer(found)
    raise ConfigurationError(
        f"The store's tables are at version {found or 'none'}, this SkyClust needs {NEWEST}.",
        hint="Let one process migrate it: set SKYCLUST_DATABASE_MIGRATE_ON_START=true.",
    )


def upgrade(connection: Connection) -> None:
    """Bring the database to the newest form, within the caller's transaction.

    Processes that try at once wait for each other: SQLite by the writer's lock that the
    caller's transaction holds, PostgreSQL by an advisory lock held to the transaction's end.
    Raises ConfigurationError when the database belongs to a newer SkyClust.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _MIGRATION_LOCK})
    found = current(connection)
    _refuse_newer(found)
    if found == NEWEST:
        return
    # Alembic takes long to import, which only the first start needs to pay.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _refuse_newer(found: str | None) -> None:
    if found is not None and found > NEWEST:
        raise ConfigurationError(
            f"The store's tables are at version {found}, newer than this SkyClust ({NEWEST}).",
            hint="Install the newer SkyClust again, or restore a backup made before its upgrade.",
        )
