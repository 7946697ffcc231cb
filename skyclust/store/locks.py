"""Advisory locks by name, for what no single row stands for.

docs/reference/store.md has the names, their keys, and the order in which a transaction takes them
and all other locks.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, text

from skyclust.model.scope import ScopeKey
from skyclust.store.transactions import require_inside_write


class LockName(StrEnum):
    """What a lock protects."""

    MIGRATION = "migration"
    """The tables themselves; one a database, without a key."""

    SCOPE = "scope"
    """The resource versions of a scope. Key: workspace, credential, region, kind."""

    COSTS = "costs"
    """The catalogue of the cost ledger. Key: workspace."""


MIGRATION_NUMBER: Final = 0x536B79436C757374
"""`SkyClust` in ASCII. A number of its own, so that nothing else on the server has it."""


def lock(connection: Connection, name: LockName, *key: str) -> None:
    """Wait for a lock, and hold it until the transaction ends; once more is no error.

    Two locks are the same when their names and all parts of their keys are. On SQLite nothing is
    left to lock: a write transaction keeps out every other writer from its beginning. PostgreSQL
    has one number of 64 bits for each lock, so two keys with one hash wait for each other, which
    costs time and breaks nothing. Raises RuntimeError outside a write transaction, and Conflict
    through the unit of work when another writer holds the lock for too long.
    """
    require_inside_write(f"The lock {name!r}")
    if connection.dialect.name != "postgresql":
        return
    if name is LockName.MIGRATION:
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": MIGRATION_NUMBER})
        return
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
        {"key": lock_text(name, *key)},
    )


def lock_text(name: LockName, *key: str) -> str:
    """Return the text whose hash is a lock's number on PostgreSQL.

    It must stay the same over versions: workers of two versions wait for each other by it. Scopes
    were the first to be locked, and have no name in front.
    """
    parts = key if name is LockName.SCOPE else (f"skyclust:{name}", *key)
    return "\x1f".join(parts)


def lock_scope(connection: Connection, workspace_id: str, key: ScopeKey) -> None:
    """Keep other transactions from writing a scope's rows until this transaction ends."""
    lock(connection, LockName.SCOPE, workspace_id, key.credential, key.region, key.kind.value)
