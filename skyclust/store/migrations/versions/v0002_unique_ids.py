"""The proof of which machine an operation is meant for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; operations of before have no proof."""
    op.add_column("operations", sa.Column("instance_unique_id", sa.Text))
