"""Prefect's server, with a gate before it (docs/decisions/0026), and with transactions on SQLite
that begin as writers (docs/decisions/0017).

`python -m skyclust.orchestration.prefect_server start ...` takes the options of `prefect server
start`.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from prefect.cli import app
from prefect.server.database.configurations import SQLITE_BEGIN_MODE, AioSqliteConfiguration
from prefect.server.database.dependencies import temporary_database_config
from prefect.server.utilities.database import get_dialect
from prefect.settings import (
    PREFECT_API_DATABASE_CONNECTION_URL,
    PREFECT_SERVER_API_AUTH_STRING,
    PREFECT_SERVER_CORS_ALLOWED_ORIGINS,
)

from skyclust.errors import ConfigurationError
from skyclust.file_modes import keep_files_private
from skyclust.orchestration.request_gate import Gate
from skyclust.settings import load_settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction
    from starlette.types import ASGIApp

WITHOUT_GATE: Final = frozenset({"--background", "-b", "--workers"})
"""Options of `prefect server start` that make processes of uvicorn's own, beyond our reach."""


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


@contextmanager
def gated() -> Iterator[None]:
    """Let what uvicorn serves within this block have a gate before it.

    It is put there, and not into Prefect's application: that one is also called from within, by
    automations, under a name of its own.
    """
    serve = uvicorn.run

    def run(app: ASGIApp, **options: Any) -> None:
        serve(_with_gate(app), **options)

    uvicorn.run = run  # type: ignore[assignment] # Prefect calls it with an application, by name
    try:
        yield
    finally:
        uvicorn.run = serve


def _with_gate(application: ASGIApp) -> Gate:
    return Gate(
        application,
        hosts=load_settings().prefect_hosts.split(","),
        origins=PREFECT_SERVER_CORS_ALLOWED_ORIGINS.value().split(","),
        auth_string=PREFECT_SERVER_API_AUTH_STRING.value(),
    )


def main() -> None:
    """Run `prefect server` with the arguments of this process.

    Raises ConfigurationError for an option that would start a server without a gate.
    """
    keep_files_private()
    refused = WITHOUT_GATE & {argument.partition("=")[0] for argument in sys.argv[1:]}
    if refused:
        raise ConfigurationError(
            f"{', '.join(sorted(refused))} would start servers without a gate."
        )
    sys.argv.insert(1, "server")  # Prefect's command line reads them there
    with database(), gated():
        app()


if __name__ == "__main__":
    main()
