"""Prefect's server, with transactions on SQLite that begin as writers (docs/decisions/0017).

`python -m skyclust.orchestration.prefect_server start ...` takes the options of `prefect server
start`.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from prefect.cli import app
from prefect.server.database.configurations import SQLITE_BEGIN_MODE, AioSqliteConfiguration
from prefect.server.database.dependencies import temporary_database_config
from prefect.server.utilities.database import get_dialect
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL

from skyclust.file_modes import keep_files_private

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction


class ImmediateSqlite(AioSqliteConfiguration):
    """SQLite whose transactions take the write lock when they begin.

    Prefect begins them DEFERRED: they read, and take the lock at their first write. When another
    has written in between, SQLite refuses at once with "database is locked", whatever the busy
    timeout (SQLITE_BUSY_SNAPSHOT, https://www.sqlite.org/rescode.html). Who takes the lock first
    waits for it instead, for the 60 s of Prefect's busy timeout.
    """

    @asynccontextmanager
    async def begin_transaction(
        self, session: AsyncSession, with_for_update: bool = False
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        """Enter a transaction that holds the write lock from here to its end."""
        async with session.begin() as transaction:
            mode = SQLITE_BEGIN_MODE.set("IMMEDIATE")
            try:
                await session.connection()
            finally:
                # Whatever opens a session of its own from within must not wait for this one.
                SQLITE_BEGIN_MODE.reset(mode)
            yield transaction


def database() -> AbstractContextManager[None]:
    """Return a context in which Prefect's server uses its database so; PostgreSQL as it is."""
    url = PREFECT_API_DATABASE_CONNECTION_URL.value()
    if get_dialect(url).name != "sqlite":
        return nullcontext()
    return temporary_database_config(ImmediateSqlite(connection_url=url))


def main() -> None:
    """Run `prefect server` with the arguments of this process."""
    keep_files_private()
    sys.argv.insert(1, "server")  # Prefect's command line reads them there
    with database():
        app()


if __name__ == "__main__":
    main()
