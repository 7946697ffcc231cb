"""How long the versions of resources are kept that have ended.

A workspace remembers from when on its history is complete (`versions_kept_from`). A version that
was valid at that time or later is never removed, so every question about it is answered as before;
a question about an earlier time is refused, for the answer would lack what was removed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from skyclust.errors import InvalidRequest
from skyclust.model.resource import ChangeKind
from skyclust.store import workspaces as workspace_records
from skyclust.store.tables import resource_versions, workspaces
from skyclust.store.types import require_aware

_VERSIONS: Final = resource_versions.c


def kept_from(connection: Connection, workspace_id: str) -> datetime | None:
    """Return the time from which on all versions are kept; None when none was ever pruned."""
    kept: datetime | None = connection.scalar(
        select(workspaces.c.versions_kept_from).where(workspaces.c.workspace_id == workspace_id)
    )
    return kept


def begins_at(connection: Connection, workspace_id: str) -> datetime | None:
    """Return when the first version that is kept was recorded; None without any."""
    first: datetime | None = connection.scalar(
        select(func.min(_VERSIONS.valid_from)).where(_VERSIONS.workspace_id == workspace_id)
    )
    return first


def refusal(connection: Connection, workspace_id: str, time: datetime) -> InvalidRequest | None:
    """Return the error for a question about a time whose versions may have been pruned, or None."""
    start = kept_from(connection, workspace_id)
    if start is None or time >= start:
        return None
    return InvalidRequest(
        f"What was there at {time.isoformat()} is not known any more: workspace {workspace_id!r}"
        f" keeps the versions of its resources from {start.isoformat()} on.",
        hint="Give a later time. Older versions were pruned (SKYCLUST_KEEP_VERSIONS_DAYS,"
        " `skyclust inventory prune`).",
    )


def keep_from(connection: Connection, workspace_id: str, time: datetime) -> datetime:
    """Write that versions which ended before a time may be removed; return from when all are kept.

    That time never moves back: what was removed does not return. Raises NotFound for an unknown
    workspace, InvalidRequest for a time without timezone.
    """
    start = require_aware(time, "The time")
    workspace_records.get(connection, workspace_id)
    kept = workspaces.c.versions_kept_from
    connection.execute(
        update(workspaces)
        .where(workspaces.c.workspace_id == workspace_id, or_(kept.is_(None), kept < start))
        .values(versions_kept_from=start)
    )
    return kept_from(connection, workspace_id) or start


def count_ended_before(connection: Connection, workspace_id: str, time: datetime) -> int:
    """Return how many versions ended before a time: what pruning to it would remove."""
    query = select(func.count()).select_from(resource_versions)
    return connection.scalar(query.where(_ended_before(workspace_id, time))) or 0


def delete_ended_before(
    connection: Connection, workspace_id: str, time: datetime, *, limit: int
) -> int:
    """Remove at most so many versions that ended before a time, and return how many.

    Raises InvalidRequest unless `keep_from` was committed for that time before: a reader must
    never find versions missing that the workspace claims to keep.
    """
    start = kept_from(connection, workspace_id)
    if start is None or time > start:
        raise InvalidRequest(
            f"Workspace {workspace_id!r} keeps its versions from before {time.isoformat()} on."
        )
    some = select(_VERSIONS.version_id).where(_ended_before(workspace_id, time)).limit(limit)
    deleted = connection.execute(
        delete(resource_versions).where(
            _VERSIONS.workspace_id == workspace_id, _VERSIONS.version_id.in_(some)
        )
    )
    return deleted.rowcount


def _ended_before(workspace_id: str, time: datetime) -> ColumnElement[bool]:
    # Each way to end is named, for the index begins with it. Not at that time: a version that was
    # replaced then is what the change is compared with.
    return and_(
        _VERSIONS.workspace_id == workspace_id,
        _VERSIONS.ended_by.in_([ChangeKind.CHANGED.value, ChangeKind.GONE.value]),
        _VERSIONS.valid_to < time,
    )
