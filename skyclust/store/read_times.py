"""When scopes were read completely: what the inventory's history can be relied on for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeKey, ScopeState
from skyclust.store.tables import scopes

GAP: Final = timedelta(hours=6)
"""A longer time between two complete reads is noted: nobody knows what was there meanwhile."""

KEPT: Final = timedelta(days=400)
"""How long a gap stays noted: a year, and the month after it."""


@dataclass(frozen=True)
class ReadTimes:
    """When a scope was read.

    `first_completed_at` is when the first complete read ended, None before it. `completed_at` is
    when the last one did. `gaps` are the times longer than GAP between the ends of two complete
    reads.
    """

    key: ScopeKey
    provider: str
    state: ScopeState
    first_completed_at: datetime | None
    completed_at: datetime | None
    gaps: tuple[tuple[datetime, datetime], ...] = ()


def list_read_times(
    connection: Connection, workspace_id: str, *, kinds: Sequence[ResourceKind] | None = None
) -> list[ReadTimes]:
    """Return the times of every scope; kinds that are None or empty match all."""
    query = select(scopes).where(scopes.c.workspace_id == workspace_id)
    if kinds:
        query = query.where(scopes.c.kind.in_([kind.value for kind in kinds]))
    listed = [_times(row) for row in connection.execute(query)]
    return sorted(listed, key=lambda one: (one.key.credential, one.key.region, one.key.kind))


def after_read(before: Row[Any] | None, time: datetime) -> dict[str, Any]:
    """Return the columns of a scope that change with a complete read which ends now."""
    first = before.first_completed_at if before is not None else None
    if before is None or first is None:
        return {"first_completed_at": time}
    if before.completed_at is None or time - before.completed_at <= GAP:
        return {}
    kept = [pair for pair in before.read_gaps or () if _time(pair[1]) > time - KEPT]
    return {"read_gaps": [*kept, [before.completed_at.isoformat(), time.isoformat()]]}


def _times(row: Row[Any]) -> ReadTimes:
    key = ScopeKey(credential=row.credential, region=row.region, kind=ResourceKind(row.kind))
    return ReadTimes(
        key=key,
        provider=row.provider,
        state=ScopeState(row.state),
        first_completed_at=row.first_completed_at,
        completed_at=row.completed_at,
        gaps=tuple((_time(begin), _time(end)) for begin, end in row.read_gaps or ()),
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
