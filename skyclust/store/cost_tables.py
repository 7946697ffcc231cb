"""The tables of the cost ledger's catalogue: deliveries, slices, rollups and the sources' totals.

Rows of cost are in the slices, which are parquet files; here is which slice is current, and what
each delivery claimed. Charge days and billing periods are dates in UTC.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from skyclust.store.tables import metadata, workspace_column
from skyclust.store.types import ExactDecimal, JsonDocument, UtcDateTime


def _number() -> Any:
    return BigInteger().with_variant(Integer, "sqlite")


def _account() -> list[Column[Any]]:
    return [
        Column("source", Text, nullable=False),
        Column("billing_account_id", Text, nullable=False),
        Column("period_start", Date, nullable=False),
    ]


def _amounts() -> list[Column[Any]]:
    """Return the amounts of a rollup, in one currency.

    `list_cost` and `contracted_cost` are of the rows that know them; `savings` is list less
    effective cost of the rows that know both, and `savings_unknown_rows` counts the others.
    """
    return [
        Column("currency", Text, nullable=False),
        Column("rows", _number(), nullable=False),
        Column("billed_cost", ExactDecimal(), nullable=False),
        Column("effective_cost", ExactDecimal(), nullable=False),
        Column("list_cost", ExactDecimal()),
        Column("contracted_cost", ExactDecimal()),
        Column("savings", ExactDecimal()),
        Column("savings_unknown_rows", _number(), nullable=False),
    ]


# Which source's rows count for a billing account; rows of any other source are shadows.
cost_accounts: Final = Table(
    "cost_accounts",
    metadata,
    workspace_column(),
    Column("billing_account_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("provider", Text, nullable=False),
    # The person who chose the source; NULL: it was the first that delivered.
    Column("chosen_by", Text),
    Column("since", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id", "billing_account_id"),
)

# One row for each (source, account, period): what is applied now. `generation` counts the changes
# of its slices, so that a delivery which was prepared against another set is prepared anew.
cost_heads: Final = Table(
    "cost_heads",
    metadata,
    workspace_column(),
    *_account(),
    Column("generation", Integer, nullable=False),
    Column("provider", Text, nullable=False),
    Column("delivery_id", Text),
    Column("produced_at", UtcDateTime),
    Column("fingerprint", Text),
    # Whether the provider may still change the period.
    Column("provisional", Boolean, nullable=False),
    Column("shadow", Boolean, nullable=False),
    PrimaryKeyConstraint("workspace_id", "source", "billing_account_id", "period_start"),
)

cost_deliveries: Final = Table(
    "cost_deliveries",
    metadata,
    workspace_column(),
    Column("delivery_id", Text, nullable=False),
    *_account(),
    Column("period_end", Date, nullable=False),
    Column("provider", Text, nullable=False),
    Column("complete_from", Date, nullable=False),
    Column("complete_to", Date, nullable=False),
    Column("produced_at", UtcDateTime, nullable=False),
    Column("fingerprint", Text),
    Column("focus_version", Text, nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    # The parts: name, size and digest of each, and the facts of a file without a manifest.
    Column("parts", JsonDocument, nullable=False),
    Column("rows", _number(), nullable=False),
    # Sums by currency and metric, as decimal text.
    Column("sums", JsonDocument, nullable=False),
    # What it did to the slices: days written, unchanged and withdrawn.
    Column("days_written", Integer, nullable=False),
    Column("days_unchanged", Integer, nullable=False),
    Column("days_withdrawn", Integer, nullable=False),
    Column("applied_at", UtcDateTime, nullable=False),
    Column("run_id", Text),
    Column("requested_by", Text, nullable=False),
    Column("retracted_at", UtcDateTime),
    Column("retracted_by", Text),
    # Remarks of the import that a person should know: columns that were mapped or left unknown.
    Column("remarks", JsonDocument, nullable=False),
    PrimaryKeyConstraint("workspace_id", "delivery_id"),
    Index("ix_cost_deliveries_applied_at", "workspace_id", "applied_at"),
)

# A slice is current until `superseded_at`. Its file is immutable and named by its content.
cost_slices: Final = Table(
    "cost_slices",
    metadata,
    workspace_column(),
    Column("slice_id", Text, nullable=False),
    *_account(),
    Column("charge_day", Date, nullable=False),
    Column("delivery_id", Text, nullable=False),
    # Relative to the root of the ledger; NULL once a superseded slice's file was removed.
    Column("file", Text),
    Column("content_hash", Text, nullable=False),
    Column("rows", _number(), nullable=False),
    Column("bytes", _number(), nullable=False),
    Column("sums", JsonDocument, nullable=False),
    Column("written_at", UtcDateTime, nullable=False),
    Column("superseded_at", UtcDateTime),
    # The delivery or retraction that replaced or withdrew it.
    Column("superseded_by", Text),
    PrimaryKeyConstraint("workspace_id", "slice_id"),
    Index(
        "uq_cost_slices_current",
        "workspace_id",
        "source",
        "billing_account_id",
        "period_start",
        "charge_day",
        unique=True,
        sqlite_where=text("superseded_at IS NULL"),
    ),
    Index("ix_cost_slices_charge_day", "workspace_id", "charge_day"),
    Index("ix_cost_slices_superseded_at", "workspace_id", "superseded_at"),
)

# The rollup of a current slice.
cost_days: Final = Table(
    "cost_days",
    metadata,
    workspace_column(),
    Column("slice_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    *_account(),
    Column("charge_day", Date, nullable=False),
    Column("sub_account_id", Text),
    Column("service_name", Text),
    Column("region_id", Text),
    Column("charge_category", Text, nullable=False),
    *_amounts(),
    PrimaryKeyConstraint("workspace_id", "slice_id", "number"),
    Index("ix_cost_days_charge_day", "workspace_id", "charge_day"),
)

# The rollup of the current slices of an account and period, by the month of the charges.
cost_months: Final = Table(
    "cost_months",
    metadata,
    workspace_column(),
    *_account(),
    Column("number", Integer, nullable=False),
    Column("charge_month", Date, nullable=False),
    Column("sub_account_id", Text),
    Column("service_category", Text),
    Column("service_name", Text),
    Column("region_id", Text),
    Column("resource_type", Text),
    Column("charge_category", Text, nullable=False),
    Column("pricing_category", Text),
    # The values of the workspace's allocation tags, by key: null for a row without the tag. A key
    # that is missing was no allocation tag when the rollup was made.
    Column("tags", JsonDocument, nullable=False),
    *_amounts(),
    PrimaryKeyConstraint("workspace_id", "source", "billing_account_id", "period_start", "number"),
    Index("ix_cost_months_charge_month", "workspace_id", "charge_month"),
)

# What a source itself called the total, as it was read last.
cost_totals: Final = Table(
    "cost_totals",
    metadata,
    workspace_column(),
    *_account(),
    Column("number", Integer, nullable=False),
    Column("metric", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", ExactDecimal(), nullable=False),
    # What the source counts, in words.
    Column("scope", Text, nullable=False),
    Column("first_day", Date),
    Column("end_day", Date),
    Column("invoice_id", Text),
    Column("sub_account_id", Text),
    Column("read_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id", "source", "billing_account_id", "period_start", "number"),
)
