"""Price books, budgets, currency rates, cached prices and decisions about advice."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIME: Final = sa.DateTime(timezone=True)
AMOUNT: Final = sa.Numeric(38, 12).with_variant(sa.Text(), "sqlite")
DOCUMENT: Final = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)


def upgrade() -> None:
    """Make the tables, all of them empty, and the columns of when a scope was read."""
    _make_cost_settings()
    _make_currency_rates()
    _make_price_books()
    _make_budgets()
    _make_budget_alerts()
    _make_cached_prices()
    _make_advice_decisions()
    op.add_column("scopes", sa.Column("first_completed_at", TIME))
    op.add_column("scopes", sa.Column("read_gaps", DOCUMENT))


def _make_cost_settings() -> None:
    op.create_table(
        "cost_settings",
        _column("workspace_id", sa.Text),
        _column("allocation_tags", DOCUMENT),
        _column("currency", sa.Text, nullable=True),
        _column("shared_costs", DOCUMENT, nullable=True),
        _column("updated_at", TIME),
        sa.PrimaryKeyConstraint("workspace_id", name="pk_cost_settings"),
        _in_workspace("cost_settings"),
    )


def _make_currency_rates() -> None:
    op.create_table(
        "currency_rates",
        _column("workspace_id", sa.Text),
        _column("currency", sa.Text),
        _column("to_currency", sa.Text),
        _column("valid_from", sa.Date),
        _column("rate", AMOUNT),
        _column("origin", sa.Text),
        _column("recorded_at", TIME),
        sa.PrimaryKeyConstraint(
            "workspace_id", "currency", "to_currency", "valid_from", name="pk_currency_rates"
        ),
        _in_workspace("currency_rates"),
    )


def _make_price_books() -> None:
    op.create_table(
        "price_books",
        _column("workspace_id", sa.Text),
        _column("name", sa.Text),
        _column("version", sa.Integer),
        _column("content", sa.Text),
        _column("digest", sa.Text),
        _column("saved_at", TIME),
        _column("saved_by", sa.Text),
        _column("removed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "name", "version", name="pk_price_books"),
        _in_workspace("price_books"),
    )


def _make_budgets() -> None:
    op.create_table(
        "budgets",
        _column("workspace_id", sa.Text),
        _column("name", sa.Text),
        _column("amount", AMOUNT),
        _column("currency", sa.Text),
        _column("metric", sa.Text),
        _column("filters", DOCUMENT),
        _column("thresholds", DOCUMENT),
        _column("created_at", TIME),
        _column("updated_at", TIME),
        sa.PrimaryKeyConstraint("workspace_id", "name", name="pk_budgets"),
        _in_workspace("budgets"),
    )


def _make_budget_alerts() -> None:
    op.create_table(
        "budget_alerts",
        _column("workspace_id", sa.Text),
        _column("budget", sa.Text),
        _column("month", sa.Date),
        _column("kind", sa.Text),
        _column("percent", AMOUNT),
        _column("amount", AMOUNT),
        _column("budget_amount", AMOUNT),
        _column("currency", sa.Text),
        _column("fired_at", TIME),
        _column("run_id", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint(
            "workspace_id",
            "budget",
            "month",
            "kind",
            "percent",
            "budget_amount",
            name="pk_budget_alerts",
        ),
        _in_workspace("budget_alerts"),
    )


def _make_cached_prices() -> None:
    op.create_table(
        "cached_prices",
        _column("workspace_id", sa.Text),
        _column("provider", sa.Text),
        _column("region", sa.Text),
        _column("item", sa.Text),
        _column("unit", sa.Text),
        _column("currency", sa.Text),
        _column("price", AMOUNT),
        _column("sku", sa.Text),
        _column("effective_from", TIME, nullable=True),
        _column("read_at", TIME),
        sa.PrimaryKeyConstraint(
            "workspace_id",
            "provider",
            "region",
            "item",
            "unit",
            "currency",
            name="pk_cached_prices",
        ),
        _in_workspace("cached_prices"),
    )


def _make_advice_decisions() -> None:
    op.create_table(
        "advice_decisions",
        _column("workspace_id", sa.Text),
        _column("advice_id", sa.Text),
        _column("decision", sa.Text),
        _column("reason", sa.Text),
        _column("decided_by", sa.Text),
        _column("decided_at", TIME),
        _column("until", TIME, nullable=True),
        _column("operation_id", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "advice_id", name="pk_advice_decisions"),
        _in_workspace("advice_decisions"),
    )


def _column(name: str, kind: Any, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable)


def _in_workspace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id"], ["workspaces.workspace_id"], name=f"fk_{table}_workspaces"
    )
