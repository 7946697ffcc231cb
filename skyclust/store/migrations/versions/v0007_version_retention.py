"""How far back a workspace's history is kept, and indexes to prune and to list it by run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, empty while nothing was pruned, and the indexes.

    The index of all that ended takes the place of that of what is gone, which it serves as well.
    """
    op.add_column("workspaces", sa.Column("versions_kept_from", sa.DateTime(timezone=True)))
    op.drop_index("ix_resource_versions_gone", "resource_versions")
    for name, columns in (
        ("ix_resource_versions_ended", ["ended_by", "valid_to"]),
        ("ix_resource_versions_ended_run", ["ended_run_id", "valid_to"]),
    ):
        has_ended = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(
            name,
            "resource_versions",
            ["workspace_id", *columns],
            sqlite_where=has_ended,
            postgresql_where=has_ended,
        )
