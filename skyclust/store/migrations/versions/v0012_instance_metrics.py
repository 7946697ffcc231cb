"""Summaries of how much instances are used."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TIME: Final = sa.DateTime(timezone=True)
DOCUMENT: Final = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)


def upgrade() -> None:
    """Make the table, empty."""
    op.create_table(
        "instance_metrics",
        sa.Column("workspace_id", sa.Text, nullable=False),
        sa.Column("credential", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("instance_id", sa.Text, nullable=False),
        sa.Column("metrics", DOCUMENT),
        sa.Column("options", DOCUMENT),
        sa.Column("read_at", TIME),
        sa.Column("error", sa.Text),
        sa.Column("failed_at", TIME),
        sa.PrimaryKeyConstraint(
            "workspace_id", "credential", "region", "instance_id", name="pk_instance_metrics"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.workspace_id"],
            name="fk_instance_metrics_workspaces",
        ),
    )
