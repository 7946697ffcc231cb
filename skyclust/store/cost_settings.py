"""What workspaces decided about their costs."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from skyclust.model.cost_settings import CostSettings
from skyclust.store import workspaces
from skyclust.store.cost_choice_tables import cost_settings
from skyclust.store.types import now


def get(connection: Connection, workspace_id: str) -> CostSettings:
    """Return the settings of a workspace; the defaults where it has decided nothing."""
    row = connection.execute(
        select(
            cost_settings.c.allocation_tags, cost_settings.c.currency, cost_settings.c.shared_costs
        ).where(cost_settings.c.workspace_id == workspace_id)
    ).one_or_none()
    return CostSettings.model_validate(dict(row._mapping)) if row else CostSettings()


def save(connection: Connection, workspace_id: str, settings: CostSettings) -> None:
    """Replace the settings of a workspace. Raises NotFound for an unknown workspace."""
    workspaces.hold(connection, workspace_id)
    connection.execute(delete(cost_settings).where(cost_settings.c.workspace_id == workspace_id))
    connection.execute(
        insert(cost_settings).values(
            workspace_id=workspace_id, updated_at=now(), **settings.model_dump(mode="json")
        )
    )
