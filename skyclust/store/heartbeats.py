"""Heartbeats of flow runs with open operations, written by the runs themselves."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, func, insert, literal, or_, select

from skyclust.store.bulk import chunks
from skyclust.store.tables import operations, run_heartbeats
from skyclust.store.types import UtcDateTime, now

KEPT: Final = timedelta(days=1)
"""How long the row of a crashed run is kept; a run that ends deletes its own row."""


def beat(connection: Connection, run_id: str) -> None:
    """Write that a run is alive, in each workspace in which it has open operations."""
    time = literal(now(), UtcDateTime())
    connection.execute(delete(run_heartbeats).where(run_heartbeats.c.run_id == run_id))
    connection.execute(
        insert(run_heartbeats).from_select(
            ["workspace_id", "run_id", "beaten_at"],
            select(operations.c.workspace_id, literal(run_id), time)
            .where(operations.c.run_id == run_id, operations.c.finished_at.is_(None))
            .distinct(),
        )
    )


def forget(connection: Connection, run_id: str) -> None:
    """Delete the heartbeats of a run that ends, and those of runs that crashed long ago."""
    connection.execute(
        delete(run_heartbeats).where(
            or_(run_heartbeats.c.run_id == run_id, run_heartbeats.c.beaten_at < now() - KEPT)
        )
    )


def last_beats(connection: Connection, run_ids: Collection[str]) -> dict[str, datetime]:
    """Return the time of each run's last heartbeat; runs without one are left out."""
    last: dict[str, datetime] = {}
    for chunk in chunks(sorted(run_ids)):
        rows = connection.execute(
            select(run_heartbeats.c.run_id, func.max(run_heartbeats.c.beaten_at).label("last"))
            .where(run_heartbeats.c.run_id.in_(chunk))
            .group_by(run_heartbeats.c.run_id)
        )
        last |= {row.run_id: row.last for row in rows}
    return last
