"""Workspaces, credentials, scopes, resource versions, the journal and the audit trail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from skyclust.model.audit import genesis_hash

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the workspace `default`."""
    _make_workspaces()
    _make_scopes()
    _make_resource_versions()
    _make_journal()
    _make_audit()
    _add_default_workspace()


def _text(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=null)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False)


def _moment(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _document(name: str) -> sa.Column[Any]:
    documents = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    return sa.Column(name, documents, nullable=False)


def _in_workspace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id"], ["workspaces.workspace_id"], name=f"fk_{table}_workspaces"
    )


def _partial_index(
    name: str, table: str, columns: list[str], where: str, *, unique: bool = False
) -> None:
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


def _make_workspaces() -> None:
    op.create_table(
        "workspaces",
        _text("workspace_id"),
        _text("title"),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("workspace_id", name="pk_workspaces"),
    )
    op.create_table(
        "credentials",
        _text("workspace_id"),
        _text("name"),
        _text("provider"),
        _text("block_name"),
        _text("account", null=True),
        _text("principal", null=True),
        _moment("verified_at", null=True),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("workspace_id", "name", name="pk_credentials"),
        _in_workspace("credentials"),
    )


def _make_scopes() -> None:
    op.create_table(
        "scopes",
        _text("workspace_id"),
        _text("credential"),
        _text("region"),
        _text("kind"),
        _text("provider"),
        _text("state"),
        _moment("read_started_at", null=True),
        _moment("completed_at", null=True),
        _moment("attempted_at", null=True),
        _text("error", null=True),
        _text("error_class", null=True),
        _text("run_id", null=True),
        sa.PrimaryKeyConstraint("workspace_id", "credential", "region", "kind", name="pk_scopes"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "credential"],
            ["credentials.workspace_id", "credentials.name"],
            name="fk_scopes_credentials",
        ),
    )


def _make_resource_versions() -> None:
    table = "resource_versions"
    # SQLite numbers rows by itself only in a column of exactly this type.
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        table,
        sa.Column("version_id", number, nullable=False),
        _text("workspace_id"),
        _text("credential"),
        _text("region"),
        _text("kind"),
        _text("resource_id"),
        _text("provider"),
        _text("name"),
        _text("zone", null=True),
        _text("state", null=True),
        _text("native_state", null=True),
        _document("tags"),
        _moment("created_at", null=True),
        _document("attributes"),
        _text("fingerprint"),
        _moment("first_seen_at"),
        _moment("observed_at"),
        _moment("valid_from"),
        _text("run_id", null=True),
        sa.Column("previous_version_id", sa.BigInteger),
        _moment("valid_to", null=True),
        _text("ended_by", null=True),
        _text("ended_run_id", null=True),
        sa.PrimaryKeyConstraint("version_id", name="pk_resource_versions"),
        _in_workspace(table),
    )
    _partial_index(
        "uq_resource_versions_open",
        table,
        ["workspace_id", "credential", "region", "kind", "resource_id"],
        "valid_to IS NULL",
        unique=True,
    )
    op.create_index("ix_resource_versions_valid_from", table, ["workspace_id", "valid_from"])
    op.create_index("ix_resource_versions_run", table, ["workspace_id", "run_id"])
    _partial_index(
        "ix_resource_versions_gone", table, ["workspace_id", "valid_to"], "ended_by = 'gone'"
    )


def _make_journal() -> None:
    op.create_table(
        "operations",
        _text("workspace_id"),
        _text("operation_id"),
        _text("kind"),
        _text("credential"),
        _text("provider"),
        _text("region"),
        _text("token"),
        _document("request"),
        _text("state"),
        _text("step"),
        _number("epoch"),
        _text("run_id", null=True),
        _text("instance_id", null=True),
        _text("instance_name", null=True),
        _text("error", null=True),
        _text("error_class", null=True),
        _number("entries"),
        _moment("created_at"),
        _moment("updated_at"),
        _moment("finished_at", null=True),
        sa.PrimaryKeyConstraint("workspace_id", "operation_id", name="pk_operations"),
        _in_workspace("operations"),
    )
    op.create_index("ix_operations_created_at", "operations", ["workspace_id", "created_at"])
    _partial_index(
        "ix_operations_open", "operations", ["workspace_id", "credential"], "finished_at IS NULL"
    )
    op.create_table(
        "operation_entries",
        _text("workspace_id"),
        _text("operation_id"),
        _number("sequence"),
        _moment("at"),
        _number("epoch"),
        _text("state"),
        _text("step"),
        _text("run_id", null=True),
        _text("detail"),
        sa.PrimaryKeyConstraint(
            "workspace_id", "operation_id", "sequence", name="pk_operation_entries"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "operation_id"],
            ["operations.workspace_id", "operations.operation_id"],
            name="fk_operation_entries_operations",
        ),
    )


def _make_audit() -> None:
    op.create_table(
        "audit_entries",
        _text("workspace_id"),
        _number("sequence"),
        _moment("at"),
        _text("actor"),
        _text("action"),
        _text("object"),
        _text("detail"),
        _text("previous_hash"),
        _text("hash"),
        sa.PrimaryKeyConstraint("workspace_id", "sequence", name="pk_audit_entries"),
        _in_workspace("audit_entries"),
    )
    op.create_table(
        "audit_heads",
        _text("workspace_id"),
        _number("entries"),
        _text("hash"),
        sa.PrimaryKeyConstraint("workspace_id", name="pk_audit_heads"),
        _in_workspace("audit_heads"),
    )


def _add_default_workspace() -> None:
    workspaces = sa.table(
        "workspaces",
        sa.column("workspace_id", sa.Text),
        sa.column("title", sa.Text),
        sa.column("created_at", sa.DateTime(timezone=True)),
    )
    heads = sa.table(
        "audit_heads",
        sa.column("workspace_id", sa.Text),
        sa.column("entries", sa.Integer),
        sa.column("hash", sa.Text),
    )
    op.bulk_insert(
        workspaces,
        [{"workspace_id": "default", "title": "Default", "created_at": datetime.now(UTC)}],
    )
    op.bulk_insert(
        heads, [{"workspace_id": "default", "entries": 0, "hash": genesis_hash("default")}]
    )
