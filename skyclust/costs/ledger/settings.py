"""Saving what a workspace decided about its costs, and what follows for its rollups."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from skyclust.costs.ledger.rollup_rebuilding import rebuild_rollups
from skyclust.costs.ledger.storage import LedgerRoot
from skyclust.model.cost_settings import CostSettings
from skyclust.store import audit, cost_rollups, cost_settings, workspaces
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


def save_settings(
    store: Store,
    workspace_id: str,
    settings: CostSettings,
    *,
    saved_by: str,
    root: LedgerRoot | None = None,
) -> int:
    """Save the settings, and return how many periods' rollups were rebuilt for them.

    Rollups are rebuilt when the allocation tags are others, and when an earlier rebuilding was
    stopped. Raises NotFound for an unknown workspace.
    """

    def write(connection: Connection) -> None:
        workspaces.hold(connection, workspace_id)
        before = cost_settings.get(connection, workspace_id)
        if before == settings:
            return
        cost_settings.save(connection, workspace_id, settings)
        audit.append(
            connection,
            workspace_id,
            actor=saved_by,
            action="cost_settings.saved",
            object=f"cost-settings:{workspace_id}",
            detail={
                "settings": settings.model_dump(mode="json"),
                "before": before.model_dump(mode="json"),
            },
        )

    store.write(write)
    if _have_tags(store, workspace_id, settings):
        return 0
    return rebuild_rollups(store, workspace_id, root=root)


def _have_tags(store: Store, workspace_id: str, settings: CostSettings) -> bool:
    """Return whether every rollup has the allocation tags."""
    with store.reading() as connection:
        return cost_rollups.has_tags(
            connection, workspace_id, date.min, date.max, settings.allocation_tags
        )
