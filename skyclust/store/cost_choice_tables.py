"""The tables of what people decide about costs: price books, budgets, rates, advice.

Dated rates and months are dates in UTC.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Date, Integer, PrimaryKeyConstraint, Table, Text

from skyclust.store.tables import metadata, workspace_column
from skyclust.store.types import ExactDecimal, JsonDocument, UtcDateTime

# What a workspace decided about its costs.
cost_settings: Final = Table(
    "cost_settings",
    metadata,
    workspace_column(),
    # Keys of the tags by which costs are allocated, in order.
    Column("allocation_tags", JsonDocument, nullable=False),
    # The currency that amounts are converted to where a rate is known; NULL: none is converted.
    Column("currency", Text),
    # How shared costs are split (skyclust.costs.analysis); NULL: they stay where they are.
    Column("shared_costs", JsonDocument),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id"),
)

# One unit of `currency` is `rate` units of `to_currency`, from `valid_from` on.
currency_rates: Final = Table(
    "currency_rates",
    metadata,
    workspace_column(),
    Column("currency", Text, nullable=False),
    Column("to_currency", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("rate", ExactDecimal(), nullable=False),
    Column("origin", Text, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id", "currency", "to_currency", "valid_from"),
)

# Every version of every price book; the newest version of a name holds, a removed one has none.
price_books: Final = Table(
    "price_books",
    metadata,
    workspace_column(),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("removed_at", UtcDateTime),
    PrimaryKeyConstraint("workspace_id", "name", "version"),
)

budgets: Final = Table(
    "budgets",
    metadata,
    workspace_column(),
    Column("name", Text, nullable=False),
    Column("amount", ExactDecimal(), nullable=False),
    Column("currency", Text, nullable=False),
    Column("metric", Text, nullable=False),
    # What it counts: filters by dimension, as a query of costs has them. Empty: everything.
    Column("filters", JsonDocument, nullable=False),
    # Each a share of the amount in percent, on actual or forecast cost.
    Column("thresholds", JsonDocument, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id", "name"),
)

# A threshold that was reached: once a budget, month, kind, percentage and amount of the budget.
budget_alerts: Final = Table(
    "budget_alerts",
    metadata,
    workspace_column(),
    Column("budget", Text, nullable=False),
    Column("month", Date, nullable=False),
    Column("kind", Text, nullable=False),
    Column("percent", ExactDecimal(), nullable=False),
    Column("amount", ExactDecimal(), nullable=False),
    Column("budget_amount", ExactDecimal(), nullable=False),
    Column("currency", Text, nullable=False),
    Column("fired_at", UtcDateTime, nullable=False),
    Column("run_id", Text),
    PrimaryKeyConstraint("workspace_id", "budget", "month", "kind", "percent", "budget_amount"),
)

# A price of a cloud's price API, as it was read; prices expire, and are read again.
cached_prices: Final = Table(
    "cached_prices",
    metadata,
    workspace_column(),
    Column("provider", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("price", ExactDecimal(), nullable=False),
    # The cloud's id of what is sold, and since when it says that the price holds.
    Column("sku", Text, nullable=False),
    Column("effective_from", UtcDateTime),
    Column("read_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("workspace_id", "provider", "region", "item", "unit", "currency"),
)

# Advice that somebody put aside, with the reason.
advice_decisions: Final = Table(
    "advice_decisions",
    metadata,
    workspace_column(),
    Column("advice_id", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime),
    # The operation that carries it out, once it was approved.
    Column("operation_id", Text),
    PrimaryKeyConstraint("workspace_id", "advice_id"),
)
