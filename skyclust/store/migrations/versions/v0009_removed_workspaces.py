"""A workspace can be removed; its row stays, for its history and audit trail refer to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, empty for every workspace that exists."""
    op.add_column("workspaces", sa.Column("removed_at", sa.DateTime(timezone=True)))
