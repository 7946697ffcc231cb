"""The table of what is known of the use of instances."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, PrimaryKeyConstraint, Table, Text

from skyclust.store.tables import metadata, workspace_column
from skyclust.store.types import JsonDocument, UtcDateTime

# The last summary of each instance's metrics, and why a later read failed.
instance_metrics: Final = Table(
    "instance_metrics",
    metadata,
    workspace_column(),
    Column("credential", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("instance_id", Text, nullable=False),
    # `InstanceMetrics` as JSON; NULL, as the two after it, before the first successful read.
    Column("metrics", JsonDocument),
    # `ResizeOptions` as JSON; NULL where the sizes are not known.
    Column("options", JsonDocument),
    Column("read_at", UtcDateTime),
    # Why the last read failed; NULL where it succeeded.
    Column("error", Text),
    Column("failed_at", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "credential", "region", "instance_id"),
)
