"""Making the month rollups anew, after a workspace named other allocation tags."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skyclust.costs.ledger.slice_changes import (
    SliceChange,
    next_moment,
    read_state,
    repeated,
    require_unchanged,
    with_rollups,
    write_change,
)
from skyclust.costs.ledger.staging_folders import staging_folder
from skyclust.costs.ledger.storage import LedgerRoot, open_root
from skyclust.store import cost_accounts, cost_heads, workspaces
from skyclust.store.cost_heads import PeriodKey
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


def rebuild_rollups(store: Store, workspace_id: str, *, root: LedgerRoot | None = None) -> int:
    """Make the month rollups of a workspace with its present allocation tags; return how many.

    Until then queries by a new tag read the slices: they are right, and slower. Raises NotFound
    for an unknown workspace.
    """
    where = root or open_root()
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        keys = [head.key for head in cost_heads.list_all(connection, workspace_id)]
    for key in keys:
        _rebuild(store, workspace_id, key, where)
    return len(keys)


def _rebuild(store: Store, workspace_id: str, key: PeriodKey, root: LedgerRoot) -> None:
    def attempt() -> None:
        with staging_folder() as folder:
            change = SliceChange(read_state(store, workspace_id, key))
            change = with_rollups(change, root, folder, always=True)

        def write(connection: Connection) -> None:
            workspaces.hold(connection, workspace_id)
            cost_accounts.lock_costs(connection, workspace_id)
            require_unchanged(connection, workspace_id, change)
            at = next_moment([change.state])
            write_change(connection, workspace_id, change, at=at, by="rebuilt")
            head = change.state.head
            if head is not None:
                counted = replace(head, generation=head.generation + 1)
                cost_heads.write(connection, workspace_id, counted)

        store.write(write)

    repeated(attempt, f"The rollup of {key.billing_account_id}")
