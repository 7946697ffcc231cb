"""The outbox: events are written with the change that they report, and sent afterwards.

An event is a row of the transaction that makes it true, so neither is without the other. The
rows of a workspace are numbered in the order of its commits. One process at a time sends them,
for as long as it holds the workspace's head; one that dies lets go of it by the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pydantic import JsonValue
from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from skyclust.model.event import Event
from skyclust.store.tables import outbox, outbox_heads
from skyclust.store.text import storable
from skyclust.store.types import now

HELD_FOR: Final = timedelta(seconds=90)
"""How long a sender may take for one batch: three times what a request may last."""

REFUSED_KEPT_FOR: Final = timedelta(days=30)
"""How long an event that was refused stays to be looked at."""


@dataclass(frozen=True)
class Waiting:
    """An event that is to be sent, and its number in its workspace."""

    sequence: int
    event: Event


def add(connection: Connection, workspace_id: str, events: Sequence[Event]) -> None:
    """Write events of a workspace, to be sent in this order after the commit.

    Transactions that write events of one workspace wait for each other from here on, so this
    comes last, with only the audit trail after it.
    """
    if not events:
        return
    last = _count(connection, workspace_id, len(events))
    rows = [
        {
            "workspace_id": workspace_id,
            "sequence": sequence,
            "event_id": one.id,
            "event": one.name,
            "occurred_at": one.occurred_at,
            "resource": _kept(dict(one.resource)),
            "related": _kept([dict(labels) for labels in one.related]),
            "payload": _kept(one.payload),
        }
        for sequence, one in enumerate(events, start=last - len(events) + 1)
    ]
    connection.execute(insert(outbox), rows)


def waiting_workspaces(connection: Connection) -> list[str]:
    """Return the workspaces that have events to be sent, by id."""
    query = select(outbox.c.workspace_id).where(outbox.c.refused.is_(None)).distinct()
    return sorted(connection.scalars(query))


def waiting(
    connection: Connection, workspace_id: str, *, limit: int | None = None
) -> list[Waiting]:
    """Return a workspace's events that are to be sent, in order."""
    rows = connection.execute(
        select(outbox)
        .where(outbox.c.workspace_id == workspace_id, outbox.c.refused.is_(None))
        .order_by(outbox.c.sequence)
        .limit(limit)
    )
    return [
        Waiting(
            row.sequence,
            Event(
                id=row.event_id,
                name=row.event,
                occurred_at=row.occurred_at,
                resource=row.resource,
                related=tuple(row.related),
                payload=row.payload,
            ),
        )
        for row in rows
    ]


def hold(connection: Connection, workspace_id: str, holder: str) -> bool:
    """Make a sender the only one of a workspace for HELD_FOR, and return whether it is.

    Who holds it already holds it for so long again.
    """
    moment = now()
    free = or_(
        outbox_heads.c.holder.is_(None),
        outbox_heads.c.holder == holder,
        outbox_heads.c.held_until < moment,
    )
    held = connection.execute(
        update(outbox_heads)
        .where(outbox_heads.c.workspace_id == workspace_id, free)
        .values(holder=holder, held_until=moment + HELD_FOR)
    )
    return held.rowcount > 0


def let_go(connection: Connection, workspace_id: str, holder: str) -> None:
    """Let another sender have a workspace; nothing happens when another one has it already."""
    connection.execute(
        update(outbox_heads)
        .where(outbox_heads.c.workspace_id == workspace_id, outbox_heads.c.holder == holder)
        .values(holder=None, held_until=None)
    )


def remove(connection: Connection, workspace_id: str, sequences: Sequence[int]) -> None:
    """Forget events that were sent, and those that were refused long ago."""
    connection.execute(
        delete(outbox).where(
            outbox.c.workspace_id == workspace_id,
            or_(
                outbox.c.sequence.in_(sequences),
                outbox.c.refused.is_not(None) & (outbox.c.occurred_at < now() - REFUSED_KEPT_FOR),
            ),
        )
    )


def refuse(connection: Connection, workspace_id: str, sequence: int, reason: str) -> None:
    """Write why an event was refused; it is kept for a while and not sent again."""
    connection.execute(
        update(outbox)
        .where(outbox.c.workspace_id == workspace_id, outbox.c.sequence == sequence)
        .values(refused=storable(reason))
    )


def _count(connection: Connection, workspace_id: str, number: int) -> int:
    """Add to the number of a workspace's events and return it; held until the commit."""
    # Two statements could both find no row; this one makes it or waits for who does.
    postgres = connection.dialect.name == "postgresql"
    statement: Any = (postgresql if postgres else sqlite).insert(outbox_heads)
    counted: int = connection.execute(
        statement.values(workspace_id=workspace_id, events=number)
        .on_conflict_do_update(
            index_elements=[outbox_heads.c.workspace_id],
            set_={"events": outbox_heads.c.events + number},
        )
        .returning(outbox_heads.c.events)
    ).scalar_one()
    return counted


def _kept(value: JsonValue) -> JsonValue:
    """Return a value that every engine can store: an event must not fail the change it reports."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(key): _kept(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_kept(item) for item in value]
    return value
