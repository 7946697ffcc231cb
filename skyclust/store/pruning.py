"""Removing old versions of resources, in transactions that are short enough for other writers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from skyclust.errors import InvalidRequest
from skyclust.store import audit, retention, workspaces
from skyclust.store.engine import Store
from skyclust.store.types import now

BATCH: Final = 5000
"""Versions that one transaction removes: less than 0.1 s on either engine, with 200,000 rows, in
which other writers of SQLite wait."""

SHORTEST: Final = timedelta(days=1)
"""A read that runs must still find what was gone since it began, and reads take minutes."""


EVERY: Final = timedelta(days=1)
"""How often housekeeping prunes a workspace: each time is a line of the audit trail."""


@dataclass(frozen=True)
class PrunedVersions:
    """How many versions of a workspace were removed, and from when on all of them are kept."""

    workspace_id: str
    kept_from: datetime
    versions: int


def count_prunable(store: Store, workspace_id: str, older_than: timedelta) -> PrunedVersions:
    """Return what `prune_versions` would remove now, and remove nothing. Raises as it does."""
    time = _cutoff(older_than)
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        start = retention.kept_from(connection, workspace_id)
        time = time if start is None else max(start, time)
        count = retention.count_ended_before(connection, workspace_id, time)
    return PrunedVersions(workspace_id, time, count)


def prune_versions(
    store: Store, workspace_id: str, older_than: timedelta, *, actor: str
) -> PrunedVersions:
    """Remove the versions of a workspace that ended longer ago than this, and return how many.

    The current version of a resource has not ended, and is never removed, however old it is. Each
    batch is a transaction of its own, with a line of the audit trail; when one fails, the next call
    removes the rest. Raises NotFound for an unknown workspace, InvalidRequest for less than a day.
    """
    time = _cutoff(older_than)
    start = store.write(lambda connection: retention.keep_from(connection, workspace_id, time))
    removed = batch = store.write(lambda one: _prune_batch(one, workspace_id, start, actor))
    while batch == BATCH:
        batch = store.write(lambda one: _prune_batch(one, workspace_id, start, actor))
        removed += batch
    return PrunedVersions(workspace_id, start, removed)


def prune_when_due(
    store: Store, workspace_id: str, older_than: timedelta, *, actor: str
) -> PrunedVersions | None:
    """Prune a workspace as `prune_versions` does, None when that was done within a day."""
    with store.reading() as connection:
        start = retention.kept_from(connection, workspace_id)
    if start is not None and _cutoff(older_than) - start < EVERY:
        return None
    return prune_versions(store, workspace_id, older_than, actor=actor)


def _cutoff(older_than: timedelta) -> datetime:
    if older_than < SHORTEST:
        raise InvalidRequest("Only versions that ended at least a day ago can be pruned.")
    try:
        return now() - older_than
    except OverflowError:
        raise InvalidRequest("There is no date so many days ago.") from None


def _prune_batch(connection: Connection, workspace_id: str, start: datetime, actor: str) -> int:
    removed = retention.delete_ended_before(connection, workspace_id, start, limit=BATCH)
    if removed:
        audit.append(
            connection,
            workspace_id,
            actor=actor,
            action="inventory.prune",
            object=f"workspace/{workspace_id}",
            detail={"versions": removed, "kept_from": start.isoformat()},
        )
    return removed
