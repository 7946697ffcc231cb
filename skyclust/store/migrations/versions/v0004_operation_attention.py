"""Operations that need a person's attention, and operations that somebody cancelled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the count of attempts and the request to cancel to every operation."""
    # Plain ADD COLUMN on either engine: no table is copied, so no foreign key is in the way.
    for column in (
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("resumed_at", sa.DateTime(timezone=True)),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True)),
        sa.Column("cancel_requested_by", sa.Text),
        sa.Column("cancel_keep", sa.Boolean, nullable=False, server_default=sa.false()),
    ):
        op.add_column("operations", column)
