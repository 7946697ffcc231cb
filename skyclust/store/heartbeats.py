"""When each flow run that has open operations was alive last, written by the run itself."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, func, insert, literal, or_, select

from skyclust.store.bulk import chunks
from skyclust.store.tables import operations, run_heartbeats
from skyclust.store.types import UtcDateTime, now

KEPT: Final = timedelta(days=1)
"""How long the row of a run that died is kept; a run that ends takes its own row away."""


def beat(connection: Connection, run_id: str) -> None:
    """Write that a run is alive, in each workspace in which it has open operations."""
    moment = literal(now(), UtcDateTime())
    connection.execute(delete(run_heartbeats).where(run_heartbeats.c.run_id == run_id))
    connection.execute(
        insert(run_heartbeats).from_select(
            ["workspace_id", "run_id", "beaten_at"],
            select(operations.c.workspace_id, literal(run_id), moment)
            .where(operations.c.run_id == run_id, operations.c.finished_at.is_(None))
            .distinct(),
        )
    )


def forget(connection: Connection, run_id: str) -> None:
    """Remove the heartbeats of a run that ends, and those of runs that died long ago."""
    connection.execute(
        delete(run_heartbeats).where(
            or_(run_heartbeats.c.run_id == run_id, run_heartbeats.c.beaten_at < now() - KEPT)
        )
    )


def last_beats(connection: Connection, run_ids: Collection[str]) -> dict[str, datetime]:
    """Return when each of these runs was alive last; those that never beat are left out."""
    found: dict[str, datetime] = {}
    for some in chunks(sorted(run_ids)):
        rows = connection.execute(
            select(run_heartbeats.c.run_id, func.max(run_heartbeats.c.beaten_at).label("last"))
            .where(run_heartbeats.c.run_id.in_(some))
            .group_by(run_heartbeats.c.run_id)
        )
        found |= {row.run_id: row.last for row in rows}
    return found
