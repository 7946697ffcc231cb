"""The catalogue of the cost ledger: deliveries, slices, rollups, totals."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TIME: Final = sa.DateTime(timezone=True)
AMOUNT: Final = sa.Numeric(38, 12).with_variant(sa.Text(), "sqlite")
NUMBER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT: Final = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)


def upgrade() -> None:
    """Make the tables, all of them empty."""
    _make_cost_accounts()
    _make_cost_heads()
    _make_cost_deliveries()
    _make_cost_slices()
    _make_cost_days()
    _make_cost_months()
    _make_cost_totals()


def _make_cost_accounts() -> None:
    op.create_table(
        "cost_accounts",
        _column("workspace_id", sa.Text),
        _column("billing_account_id", sa.Text),
        _column("source", sa.Text),
        _column("provider", sa.Text),
        _column("chosen_by", sa.Text, nullable=True),
        _column("since", TIME),
        sa.PrimaryKeyConstraint("workspace_id", "billing_account_id", name="pk_cost_accounts"),
        _in_workspace("cost_accounts"),
    )


def _make_cost_heads() -> None:
    op.create_table(
        "cost_heads",
        _column("workspace_id", sa.Text),
        _column("source", sa.Text),
        _column("billing_account_id", sa.Text),
        _column("period_start", sa.Date),
        _column("generation", sa.Integer),
        _column("provider", sa.Text),
        _column("delivery_id", sa.Text, nullable=True),
        _column("produced_at", TIME, nullable=True),
        _column("fingerprint", sa.Text, nullable=True),
        _column("provisional", sa.Boolean),
        _column("shadow", sa.Boolean),
        sa.PrimaryKeyConstraint(
            "workspace_id", "source", "billing_account_id", "period_start", name="pk_cost_heads"
        ),
        _in_workspace("cost_heads"),
    )


def _make_cost_deliveries() -> None:
    op.create_table(
        "cost_deliveries",
        _column("workspace_id", sa.Text),
        _column("delivery_id", sa.Text),
        _column("source", sa.Text),
        _column("billing_account_id", sa.Text),
        _column("period_start", sa.Date),
        _column("period_end", sa.Date),
        _column("provider", sa.Text),
        _column("complete_from", sa.Date),
        _column("complete_to", sa.Date),
        _column("produced_at", TIME),
        _column("fingerprint", sa.Text, nullable=True),
        _column("focus_version", sa.Text),
        _column("provisional", sa.Boolean),
        _column("state", sa.Text),
        _column("parts", DOCUMENT),
        _column("rows", NUMBER),
        _column("sums", DOCUMENT),
        _column("days_written", sa.Integer),
        _column("days_unchanged", sa.Integer),
        _column("days_withdrawn", sa.Integer),
        _column("applied_at", TIME),
        _column("run_id", sa.Text, nullable=True),
        _column("requested_by", sa.Text),
        _column("retracted_at", TIME, nullable=True),
        _column("retracted_by", sa.Text, nullable=True),
        _column("remarks", DOCUMENT),
        sa.PrimaryKeyConstraint("workspace_id", "delivery_id", name="pk_cost_deliveries"),
        _in_workspace("cost_deliveries"),
    )
    op.create_index(
        "ix_cost_deliveries_applied_at", "cost_deliveries", ["workspace_id", "applied_at"]
    )


def _make_cost_slices() -> None:
    op.create_table(
        "cost_slices",
        _column("workspace_id", sa.Text),
        _column("slice_id", sa.Text),
        _column("source", sa.Text),
        _column("billing_account_id", sa.Text),
        _column("period_start", sa.Date),
        _column("charge_day", sa.Date),
        _column("delivery_id", sa.Text),
        _column("file", sa.Text, nullable=True),
        _column("content_hash", sa.Text),
        _column("rows", NUMBER),
        _column("bytes", NUMBER),
        _column("sums", DOCUMENT),
        _column("written_at", TIME),
        _column("superseded_at", TIME, nullable=True),
        _column("superseded_by", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "slice_id", name="pk_cost_slices"),
        _in_workspace("cost_slices"),
    )
    op.create_index("ix_cost_slices_charge_day", "cost_slices", ["workspace_id", "charge_day"])
    op.create_index(
        "ix_cost_slices_superseded_at", "cost_slices", ["workspace_id", "superseded_at"]
    )
    op.create_index(
        "uq_cost_slices_current",
        "cost_slices",
        ["workspace_id", "source", "billing_account_id", "period_start", "charge_day"],
        unique=True,
        sqlite_where=sa.text("superseded_at IS NULL"),
        postgresql_where=sa.text("superseded_at IS NULL"),
    )


def _make_cost_days() -> None:
    op.create_table(
        "cost_days",
        _column("workspace_id", sa.Text),
        _column("slice_id", sa.Text),
        _column("number", sa.Integer),
        _column("source", sa.Text),
        _column("billing_account_id", sa.Text),
        _column("period_start", sa.Date),
        _column("charge_day", sa.Date),
        _column("sub_account_id", sa.Text, nullable=True),
        _column("service_name", sa.Text, nullable=True),
        _column("region_id", sa.Text, nullable=True),
        _column("charge_category", sa.Text),
        _column("currency", sa.Text),
        _column("rows", NUMBER),
        _column("billed_cost", AMOUNT),
        _column("effective_cost", AMOUNT),
        _column("list_cost", AMOUNT, nullable=True),
        _column("contracted_cost", AMOUNT, nullable=True),
        _column("savings", AMOUNT, nullable=True),
        _column("savings_unknown_rows", NUMBER),
        sa.PrimaryKeyConstraint("workspace_id", "slice_id", "number", name="pk_cost_days"),
        _in_workspace("cost_days"),
    )
    op.create_index("ix_cost_days_charge_day", "cost_days", ["workspace_id", "charge_day"])


def _make_cost_months() -> None:
    op.create_table(
        "cost_months",
        _column("workspace_id", sa.Text),
        _column("source", sa.Text),
        _column("billing_account_id", sa.Text),
        _column("period_start", sa.Date),
        _column("number", sa.Integer),
        _column("charge_month", sa.Date),
        _column("sub_account_id", sa.Text, nullable=True),
        _column("service_category", sa.Text, nullable=True),
        _column("service_name", sa.Text, nullable=True),
        _column("region_id", sa.Text, nullable=True),
        _column("resource_type", sa.Text, nullable=True),
        _column("charge_category", sa.Text),
        _column("pricing_category", sa.Text, nullable=True),
        _column("tags", DOCUMENT),
        _column("currency", sa.Text),
        _column("rows", NUMBER),
        _column("billed_cost", AMOUNT),
        _column("effective_cost", AMOUNT),
        _column("list_cost", AMOUNT, nullable=True),
        _column("contracted_cost", AMOUNT, nullable=True),
        _column("savings", AMOUNT, nullable=True),
        _column("savings_unknown_rows", NUMBER),
        sa.PrimaryKeyConstraint(
            "workspace_id",
            "source",
            "billing_account_id",
            "period_start",
            "number",
            name="pk_cost_months",
        ),
        _in_workspace("cost_months"),
    )
    op.create_index("ix_cost_months_charge_month", "cost_months", ["workspace_id", "charge_month"])


def _make_cost_totals() -> None:
    op.create_table(
        "cost_totals",
        _column("workspace_id", sa.Text),
        _column("source", sa.Text),
        _column("billing_account_id", sa.Text),
        _column("period_start", sa.Date),
        _column("number", sa.Integer),
        _column("metric", sa.Text),
        _column("currency", sa.Text),
        _column("amount", AMOUNT),
        _column("scope", sa.Text),
        _column("first_day", sa.Date, nullable=True),
        _column("end_day", sa.Date, nullable=True),
        _column("invoice_id", sa.Text, nullable=True),
        _column("sub_account_id", sa.Text, nullable=True),
        _column("read_at", TIME),
        sa.PrimaryKeyConstraint(
            "workspace_id",
            "source",
            "billing_account_id",
            "period_start",
            "number",
            name="pk_cost_totals",
        ),
        _in_workspace("cost_totals"),
    )


def _column(name: str, kind: Any, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable)


def _in_workspace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id"], ["workspaces.workspace_id"], name=f"fk_{table}_workspaces"
    )
