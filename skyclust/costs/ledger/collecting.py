"""Collection: files that no reader and no retraction needs any more are removed.

The order makes it safe to die anywhere: first the rows forget a file, in a transaction, then the
file is removed; a file that is left is one without a pointer, which the next collection removes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from skyclust.costs.ledger.storage import LedgerRoot, open_root
from skyclust.errors import InvalidRequest
from skyclust.store import audit, cost_accounts, cost_slices, workspaces
from skyclust.store.engine import Store
from skyclust.store.types import now

if TYPE_CHECKING:
    from sqlalchemy import Connection

KEPT_FOR: Final = timedelta(days=90)
"""How long superseded slices are kept, for retractions and the history of restatements."""

LEAST_KEPT_FOR: Final = timedelta(hours=24)
"""No reader takes as long: it has listed the files, and reads them without a lock."""

ORPHANED_FOR: Final = timedelta(hours=24)
"""A file without a pointer that is older belongs to a writer that died: no delivery points to a
file that it wrote more than 6 hours before (skyclust.costs.ledger.delivering)."""


@dataclass(frozen=True)
class Collected:
    """The files that were removed: of superseded slices, and of writers that died."""

    superseded: tuple[str, ...]
    orphans: tuple[str, ...]


def collect_files(
    store: Store,
    workspace_id: str,
    *,
    requested_by: str,
    kept_for: timedelta = KEPT_FOR,
    root: LedgerRoot | None = None,
) -> Collected:
    """Remove the files of slices that were superseded longer ago, and files without a pointer.

    Raises InvalidRequest for a time below LEAST_KEPT_FOR, NotFound for an unknown workspace.
    """
    if kept_for < LEAST_KEPT_FOR:
        raise InvalidRequest(
            f"Superseded slices cannot be removed after {kept_for}: a reader may need them.",
            hint=f"Keep them for {LEAST_KEPT_FOR} at least.",
        )
    where = root or open_root()
    # Listed before the pointers are read: what is written meanwhile is not on the list.
    stored = where.list(quote(workspace_id, safe=""))

    def forget(connection: Connection) -> list[str]:
        workspaces.hold(connection, workspace_id)
        cost_accounts.lock_costs(connection, workspace_id)
        files = cost_slices.collectable(connection, workspace_id, now() - kept_for)
        if files:
            cost_slices.forget_files(connection, workspace_id, files)
            audit.append(
                connection,
                workspace_id,
                actor=requested_by,
                action="cost.collect",
                object="cost-ledger",
                detail={"files": len(files), "kept_days": kept_for.days},
            )
        return files

    superseded = store.write(forget)
    with store.reading() as connection:
        known = cost_slices.known_files(connection, workspace_id)
    old = now() - ORPHANED_FOR
    orphans = [
        file.name
        for file in stored
        if file.name not in known and file.name not in superseded and file.written_at < old
    ]
    for name in (*superseded, *orphans):
        where.delete(name)
    return Collected(tuple(superseded), tuple(orphans))
