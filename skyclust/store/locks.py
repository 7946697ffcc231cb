"""Locks for what no single row stands for.

In which order a transaction takes these and all others is told by docs/reference/store.md.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from skyclust.model.scope import ScopeKey


def lock_scope(connection: Connection, workspace_id: str, key: ScopeKey) -> None:
    """Keep other transactions from writing a scope's rows until this one ends.

    On SQLite the transaction keeps out every other writer already. On PostgreSQL two scopes
    with one hash would only wait for each other.
    """
    if connection.dialect.name != "postgresql":
        return
    name = "\x1f".join([workspace_id, key.credential, key.region, key.kind.value])
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name}
    )
