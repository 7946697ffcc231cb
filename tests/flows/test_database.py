"""Prefect's SQLite takes many writers at once: none is refused, and no event is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.server.database.dependencies import MODELS_DEPENDENCIES
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL, temporary_settings
from sqlalchemy import text

from skyclust.orchestration.prefect_server import ImmediateSqlite, database
from tests.fixtures.prefect import PrefectServer
from tests.fixtures.triggers import post, scheduled_events, states, trigger_at_once
from tests.flows.conftest import eventually

AT_ONCE = 30


def run_on_sqlite(folder: Path, work: Callable[[ImmediateSqlite], Awaitable[int]]) -> int:
    """Run with a table `counter` of one row that holds 0."""

    async def prepared() -> int:
        configuration = ImmediateSqlite(f"sqlite+aiosqlite:///{folder}/prefect.db")
        engine = await configuration.engine()
        async with await configuration.session(engine) as session:
            await session.execute(text("CREATE TABLE counter (n INTEGER)"))
            await session.execute(text("INSERT INTO counter VALUES (0)"))
        return await work(configuration)

    return asyncio.run(prepared())


async def counted(configuration: ImmediateSqlite) -> int:
    async with await configuration.session(await configuration.engine()) as session:
        return int((await session.execute(text("SELECT n FROM counter"))).scalar_one())


def test_transactions_that_read_and_then_write_wait_for_each_other(tmp_path: Path) -> None:
    """Begun DEFERRED, all but one end at once with "database is locked"."""

    async def increment(configuration: ImmediateSqlite) -> None:
        async with (
            await configuration.session(await configuration.engine()) as session,
            configuration.begin_transaction(session),
        ):
            n = (await session.execute(text("SELECT n FROM counter"))).scalar_one()
            await asyncio.sleep(0.02)
            await session.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})

    async def work(configuration: ImmediateSqlite) -> int:
        await asyncio.gather(*(increment(configuration) for _ in range(5)))
        return await counted(configuration)

    assert run_on_sqlite(tmp_path, work) == 5


def test_a_session_that_is_opened_within_a_transaction_reads_beside_it(tmp_path: Path) -> None:
    """It would wait a minute for the transaction that waits for it."""

    async def work(configuration: ImmediateSqlite) -> int:
        async with (
            await configuration.session(await configuration.engine()) as session,
            configuration.begin_transaction(session),
        ):
            await session.execute(text("UPDATE counter SET n = 1"))
            return await asyncio.wait_for(counted(configuration), timeout=5)

    assert run_on_sqlite(tmp_path, work) == 0


@pytest.mark.parametrize(
    ("url", "immediate"),
    [
        ("sqlite+aiosqlite:////nowhere/prefect.db", True),
        ("postgresql+asyncpg://prefect@127.0.0.1/prefect", False),
    ],
)
def test_only_sqlite_needs_it(url: str, immediate: bool) -> None:
    with temporary_settings({PREFECT_API_DATABASE_CONNECTION_URL: url}), database():
        used = MODELS_DEPENDENCIES["database_config"]
    assert isinstance(used, ImmediateSqlite) is immediate


@pytest.mark.integration
def test_many_triggers_at_once_are_all_taken_and_none_is_lost(
    prefect_server: PrefectServer,
) -> None:
    log = prefect_server.home / "server.log"
    before = log.stat().st_size
    name = f"burst-{uuid4().hex[:8]}"
    flow = post(prefect_server, "/flows/", {"name": name})
    deployment = post(prefect_server, "/deployments/", {"name": name, "flow_id": flow["id"]})

    tomorrow = datetime.now(UTC) + timedelta(days=1)
    answers = trigger_at_once(prefect_server, deployment["id"], AT_ONCE, due=tomorrow)
    runs = {run for _, run in answers}

    assert [status for status, _ in answers] == [201] * AT_ONCE
    assert states(prefect_server, sorted(runs)) == dict.fromkeys(runs, "SCHEDULED")
    assert len(runs) == AT_ONCE
    assert eventually(
        lambda: scheduled_events(prefect_server, sorted(runs)), lambda n: n == AT_ONCE, seconds=30
    )
    said = log.read_bytes()[before:].decode()
    assert "database is locked" not in said
    assert "dead letter queue" not in said
