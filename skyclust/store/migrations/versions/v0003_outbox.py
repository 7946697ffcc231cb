"""The outbox, the blocks that are to go, and when a failed read began."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the three tables, and add the column; of reads that failed before it stays empty."""
    op.add_column("scopes", sa.Column("failed_read_started_at", sa.DateTime(timezone=True)))
    _make_outbox()
    op.create_table(
        "unwanted_blocks",
        _text("workspace_id"),
        _text("document_id"),
        _text("block_name"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "document_id", name="pk_unwanted_blocks"),
        _in_workspace("unwanted_blocks"),
    )


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        _text("workspace_id"),
        sa.Column("sequence", sa.Integer, nullable=False),
        _text("event_id"),
        _text("event"),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        _document("resource"),
        _document("related"),
        _document("payload"),
        sa.Column("refused", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "sequence", name="pk_outbox"),
        _in_workspace("outbox"),
    )
    op.create_table(
        "outbox_heads",
        _text("workspace_id"),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("holder", sa.Text),
        sa.Column("held_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("workspace_id", name="pk_outbox_heads"),
        _in_workspace("outbox_heads"),
    )


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False)


def _document(name: str) -> sa.Column[Any]:
    documents = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    return sa.Column(name, documents, nullable=False)


def _in_workspace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id"], ["workspaces.workspace_id"], name=f"fk_{table}_workspaces"
    )
