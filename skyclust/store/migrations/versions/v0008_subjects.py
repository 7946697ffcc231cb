"""The journal serves any subject: its columns and its positions get general names.

Giving an operation up is `rolling back` from here on, and `restoring` restores a snapshot.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

RENAMED_COLUMNS = {
    "instance_id": "subject_id",
    "instance_unique_id": "subject_unique_id",
    "instance_name": "subject_name",
}

RENAMED_STEPS = {
    "undoing": "rolling-back",
    "restoring": "rolling-back",
    "restored": "restarted",
    "reverting": "restoring",
    "reverted": "restored",
    "undone": "rolled-back",
}
"""Positions of the journal, all replaced at once: two of the old names have a new meaning."""


def upgrade() -> None:
    """Rename the columns, add those that are new, and rename positions and states."""
    for old, new in RENAMED_COLUMNS.items():
        # Either engine renames in place (SQLite since 3.25): no table is copied.
        op.execute(f"ALTER TABLE operations RENAME COLUMN {old} TO {new}")
    op.add_column(
        "operations",
        sa.Column("subject_kind", sa.Text, nullable=False, server_default=sa.text("'instance'")),
    )
    op.add_column(
        "operations",
        sa.Column("requested_by", sa.Text, nullable=False, server_default=sa.text("''")),
    )
    # Text, and constants of this file alone: an UPDATE of the tables' definitions would have to
    # keep the order of locks, while a migration has locked the whole table.
    cases = " ".join(f"WHEN '{old}' THEN '{new}'" for old, new in RENAMED_STEPS.items())
    for table in ("operations", "operation_entries"):
        op.execute(f"UPDATE {table} SET step = CASE step {cases} ELSE step END")  # noqa: S608  constants
        op.execute(f"UPDATE {table} SET state = 'rolled-back' WHERE state = 'undone'")  # noqa: S608  constants
