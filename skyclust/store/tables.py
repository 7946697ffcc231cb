"""Every table of the store. Each has the workspace, and so has each key.

The migrations create these tables; a test compares the two.

SQLAlchemy loads its whole PostgreSQL dialect for one `postgresql_where`, which takes a tenth of
what a command that reads may cost. So an index of a part of a table says here what it is on
SQLite, and `skyclust.store.postgresql_indexes` repeats it for PostgreSQL.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    false,
    text,
)

from skyclust.store.types import JsonDocument, UtcDateTime

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def workspace_column() -> Column[str]:
    """Return the column that every table begins with: whose row it is."""
    return Column("workspace_id", Text, ForeignKey("workspaces.workspace_id"), nullable=False)


workspaces: Final = Table(
    "workspaces",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Resource versions that ended before then may have been pruned; NULL: none was.
    Column("versions_kept_from", UtcDateTime),
    # The row of a removed workspace stays: its history and its audit trail refer to it.
    Column("removed_at", UtcDateTime),
)

credentials: Final = Table(
    "credentials",
    metadata,
    workspace_column(),
    Column("name", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("block_name", Text, nullable=False),
    Column("account", Text),
    Column("principal", Text),
    Column("verified_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    # Digests of the sealed values that the block may hold; NULL for a credential of an earlier
    # version that was not opened since then.
    Column("sealed", JsonDocument),
    PrimaryKeyConstraint("workspace_id", "name"),
)

scopes: Final = Table(
    "scopes",
    metadata,
    Column("workspace_id", Text, nullable=False),
    Column("credential", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("state", Text, nullable=False),
    # When the last complete read began: what it returned is as old as this, or newer.
    Column("read_started_at", UtcDateTime),
    Column("completed_at", UtcDateTime),
    Column("attempted_at", UtcDateTime),
    Column("error", Text),
    Column("error_class", Text),
    Column("run_id", Text),
    # When the failed read began that `error` is about. The later of two reads is the one that
    # began later, whichever is stored first.
    Column("failed_read_started_at", UtcDateTime),
    # Since when complete reads are counted, and the long pauses between them since then: pairs of
    # times (skyclust.store.read_times). NULL before the first complete read of this version.
    Column("first_completed_at", UtcDateTime),
    Column("read_gaps", JsonDocument),
    PrimaryKeyConstraint("workspace_id", "credential", "region", "kind"),
    ForeignKeyConstraint(
        ["workspace_id", "credential"], ["credentials.workspace_id", "credentials.name"]
    ),
)

# A row is what a resource was from `valid_from` until `valid_to`; the open row (without
# `valid_to`) is what it is now. History outlives the credential, so it has no foreign key to it.
resource_versions: Final = Table(
    "resource_versions",
    metadata,
    Column("version_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    workspace_column(),
    Column("credential", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("zone", Text),
    Column("state", Text),
    Column("native_state", Text),
    Column("tags", JsonDocument, nullable=False),
    Column("created_at", UtcDateTime),
    Column("attributes", JsonDocument, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("observed_at", UtcDateTime, nullable=False),
    Column("valid_from", UtcDateTime, nullable=False),
    Column("run_id", Text),
    # The version that this version replaced; NULL when the resource was added.
    Column("previous_version_id", BigInteger),
    Column("valid_to", UtcDateTime),
    # Whether the resource was gone at `valid_to`, or changed to another version.
    Column("ended_by", Text),
    Column("ended_run_id", Text),
    Index(
        "uq_resource_versions_open",
        "workspace_id",
        "credential",
        "region",
        "kind",
        "resource_id",
        unique=True,
        sqlite_where=text("valid_to IS NULL"),
    ),
    Index("ix_resource_versions_valid_from", "workspace_id", "valid_from"),
    Index("ix_resource_versions_run", "workspace_id", "run_id"),
    Index(
        "ix_resource_versions_ended",
        "workspace_id",
        "ended_by",
        "valid_to",
        sqlite_where=text("ended_by IS NOT NULL"),
    ),
    # With the time that changes are sorted by: else SQLite takes the index of all that is gone.
    Index(
        "ix_resource_versions_ended_run",
        "workspace_id",
        "ended_run_id",
        "valid_to",
        sqlite_where=text("ended_run_id IS NOT NULL"),
    ),
)

# Operations outlive their credential too.
operations: Final = Table(
    "operations",
    metadata,
    workspace_column(),
    Column("operation_id", Text, nullable=False),
    # What the operation changes: an instance, a stack, a cluster.
    Column("subject_kind", Text, nullable=False, server_default=text("'instance'")),
    Column("kind", Text, nullable=False),
    Column("credential", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("request", JsonDocument, nullable=False),
    Column("requested_by", Text, nullable=False, server_default=text("''")),
    Column("state", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("run_id", Text),
    Column("subject_id", Text),
    Column("subject_unique_id", Text),
    Column("subject_name", Text),
    Column("error", Text),
    Column("error_class", Text),
    # How often the present step was begun, counted before the cloud is called.
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("resumed_at", UtcDateTime),
    Column("cancel_requested_at", UtcDateTime),
    Column("cancel_requested_by", Text),
    Column("cancel_keep", Boolean, nullable=False, server_default=false()),
    # How many entries the history has: the next one takes the next number.
    Column("entries", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "operation_id"),
    Index("ix_operations_created_at", "workspace_id", "created_at"),
    Index(
        "ix_operations_open",
        "workspace_id",
        "credential",
        sqlite_where=text("finished_at IS NULL"),
    ),
)

operation_entries: Final = Table(
    "operation_entries",
    metadata,
    Column("workspace_id", Text, nullable=False),
    Column("operation_id", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("run_id", Text),
    Column("detail", Text, nullable=False),
    PrimaryKeyConstraint("workspace_id", "operation_id", "sequence"),
    ForeignKeyConstraint(
        ["workspace_id", "operation_id"], ["operations.workspace_id", "operations.operation_id"]
    ),
)

# A flow run with open operations writes here that it is alive, so that recovery can tell a busy
# run from a crashed one even if Prefect's events are lost.
run_heartbeats: Final = Table(
    "run_heartbeats",
    metadata,
    workspace_column(),
    Column("run_id", Text, nullable=False),
    Column("beaten_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id", "run_id"),
)

# `detail` is the canonical text that was hashed, so it is stored as text, not as JSON.
audit_entries: Final = Table(
    "audit_entries",
    metadata,
    workspace_column(),
    Column("sequence", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    PrimaryKeyConstraint("workspace_id", "sequence"),
)

audit_heads: Final = Table(
    "audit_heads",
    metadata,
    Column("workspace_id", Text, ForeignKey("workspaces.workspace_id"), primary_key=True),
    Column("entries", Integer, nullable=False),
    Column("hash", Text, nullable=False),
)

# Events to send. `sequence` is the order in which a workspace's transactions were committed. A
# row is deleted when Prefect has accepted the event; `refused` says why it did not.
outbox: Final = Table(
    "outbox",
    metadata,
    workspace_column(),
    Column("sequence", Integer, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("resource", JsonDocument, nullable=False),
    Column("related", JsonDocument, nullable=False),
    Column("payload", JsonDocument, nullable=False),
    Column("refused", Text),
    PrimaryKeyConstraint("workspace_id", "sequence"),
)

# How many events a workspace has had, and which process is sending them.
outbox_heads: Final = Table(
    "outbox_heads",
    metadata,
    Column("workspace_id", Text, ForeignKey("workspaces.workspace_id"), primary_key=True),
    Column("events", Integer, nullable=False),
    Column("holder", Text),
    Column("held_until", UtcDateTime),
)

# Blocks of credentials that were removed. They are deleted after the commit, by their own id,
# because a block of the same name may be a new one.
unwanted_blocks: Final = Table(
    "unwanted_blocks",
    metadata,
    workspace_column(),
    Column("document_id", Text, nullable=False),
    Column("block_name", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id", "document_id"),
)
