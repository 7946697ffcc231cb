"""The functions of the cost ledger's catalogue, called for another workspace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Connection, Date, Integer, Table, insert

from skyclust.store import (
    cost_accounts,
    cost_choice_tables,
    cost_deliveries,
    cost_heads,
    cost_rollups,
    cost_slices,
    cost_totals,
)
from skyclust.store.all_tables import metadata
from skyclust.store.cost_deliveries import DeliveryRecord
from skyclust.store.cost_heads import CostHead, PeriodKey
from skyclust.store.cost_slices import Slice
from skyclust.store.cost_totals import SourceTotal
from skyclust.store.types import ExactDecimal, JsonDocument, UtcDateTime

Call = Callable[[Connection, str], Any]

CHOICES = {name for name, table in vars(cost_choice_tables).items() if isinstance(table, Table)}

DAY, NEXT = date(2026, 1, 1), date(2026, 1, 2)
KEY = PeriodKey("csv:january", "111122223333", DAY)
AT = datetime(2026, 2, 3, tzinfo=UTC)
LATER = datetime(2026, 2, 4, tzinfo=UTC)

VALUES: dict[type, object] = {
    UtcDateTime: AT,
    ExactDecimal: Decimal(1),
    JsonDocument: {},
    Date: DAY,
    Integer: 1,
}
"""A value of each type of columns; text is for all others."""

RECORD = DeliveryRecord(
    delivery_id="delivery",
    **KEY._asdict(),
    period_end=date(2026, 2, 1),
    provider="aws",
    complete_from=DAY,
    complete_to=NEXT,
    produced_at=AT,
    fingerprint=None,
    focus_version="1.2",
    provisional=True,
    state="applied",
    parts=[],
    rows=1,
    sums={},
    days_written=1,
    days_unchanged=0,
    days_withdrawn=0,
    applied_at=AT,
    run_id=None,
    requested_by="user:1",
    retracted_at=None,
    retracted_by=None,
    remarks=[],
)

HEAD = CostHead(KEY, 1, "aws", "delivery", AT, None, provisional=True, shadow=False)

AMOUNTS = {
    "currency": "USD",
    "rows": 1,
    "billed_cost": Decimal(1),
    "effective_cost": Decimal(1),
    "list_cost": None,
    "contracted_cost": None,
    "savings": None,
    "savings_unknown_rows": 1,
}

DAY_ROW = {
    "slice_id": "current",
    "number": 0,
    **KEY._asdict(),
    "charge_day": DAY,
    "sub_account_id": "sub",
    "service_name": None,
    "region_id": None,
    "charge_category": "Usage",
    **AMOUNTS,
}

MONTH_ROW = {
    "charge_month": DAY,
    "sub_account_id": "sub",
    "service_category": None,
    "service_name": None,
    "region_id": None,
    "resource_type": None,
    "charge_category": "Usage",
    "pricing_category": None,
    "tags": {"team": None},
    **AMOUNTS,
}

TOTAL = SourceTotal(KEY, "billed_cost", "USD", Decimal(1), "all", None, None, None, None, AT)


def a_slice(name: str, **fields: Any) -> Slice:
    given: dict[str, Any] = {
        "slice_id": name,
        **KEY._asdict(),
        "charge_day": DAY,
        "delivery_id": "delivery",
        "file": f"{name}.parquet",
        "content_hash": name,
        "rows": 1,
        "bytes": 1,
        "sums": {},
        "written_at": AT,
    }
    return Slice(**(given | fields))


def fill(connection: Connection, workspace_id: str) -> None:
    """Put a row into each table of the catalogue."""
    cost_accounts.write(
        connection, workspace_id, "111122223333", source=KEY[0], provider="aws", chosen_by=None
    )
    cost_heads.write(connection, workspace_id, HEAD)
    cost_deliveries.add(connection, workspace_id, RECORD)
    old = a_slice("old", superseded_at=AT, superseded_by="delivery")
    cost_slices.add(connection, workspace_id, [old])
    cost_slices.add(connection, workspace_id, [a_slice("current")])
    cost_rollups.add_days(connection, workspace_id, [DAY_ROW])
    cost_rollups.replace_months(connection, workspace_id, KEY, [MONTH_ROW])
    cost_totals.replace(connection, workspace_id, KEY, [TOTAL])


def fill_choices(connection: Connection, workspace_id: str, *, filled: set[str]) -> None:
    """Put a row into the tables of what people decide about costs, but for those filled."""
    for table in metadata.sorted_tables:
        if table.name in CHOICES - filled:
            row = {column.name: _value(column) for column in table.columns}
            connection.execute(insert(table).values(row | {"workspace_id": workspace_id}))


def _value(column: Column[Any]) -> object:
    for kind, value in VALUES.items():
        if isinstance(column.type, kind):
            return value
    return "mine"


READS: dict[str, tuple[Call, object]] = {
    "cost_accounts.find": (lambda c, w: cost_accounts.find(c, w, "111122223333"), None),
    "cost_accounts.list_all": (cost_accounts.list_all, []),
    "cost_accounts.other_owners": (
        lambda c, w: cost_accounts.other_owners(c, w, "another", "aws", {"sub": [DAY]}),
        [],
    ),
    "cost_deliveries.beginning_with": (
        lambda c, w: cost_deliveries.beginning_with(c, w, "deli", limit=2),
        [],
    ),
    "cost_deliveries.claims": (lambda c, w: cost_deliveries.claims(c, w, DAY, NEXT), []),
    "cost_deliveries.list_page": (cost_deliveries.list_page, []),
    "cost_deliveries.of_period": (lambda c, w: cost_deliveries.of_period(c, w, KEY), []),
    "cost_heads.find": (lambda c, w: cost_heads.find(c, w, KEY), None),
    "cost_heads.list_all": (cost_heads.list_all, []),
    "cost_rollups.has_tags": (
        lambda c, w: cost_rollups.has_tags(c, w, DAY, NEXT, ["unknown"]),
        True,
    ),
    "cost_rollups.account_currencies": (cost_rollups.account_currencies, {}),
    "cost_rollups.sub_account_days": (
        lambda c, w: cost_rollups.sub_account_days(c, w, KEY),
        {},
    ),
    "cost_rollups.sub_accounts_by_day": (
        lambda c, w: cost_rollups.sub_accounts_by_day(c, w, DAY, NEXT),
        [],
    ),
    "cost_rollups.sum_days": (lambda c, w: cost_rollups.sum_days(c, w, DAY, NEXT), []),
    "cost_rollups.sum_months": (lambda c, w: cost_rollups.sum_months(c, w, DAY, NEXT), []),
    "cost_slices.collectable": (lambda c, w: cost_slices.collectable(c, w, LATER), []),
    "cost_slices.current_days": (lambda c, w: cost_slices.current_days(c, w, DAY, NEXT), []),
    "cost_slices.current_files": (lambda c, w: cost_slices.current_files(c, w, DAY, NEXT), []),
    "cost_slices.known_files": (cost_slices.known_files, set()),
    "cost_slices.of_period": (lambda c, w: cost_slices.of_period(c, w, KEY), []),
    "cost_slices.written_by": (lambda c, w: cost_slices.written_by(c, w, "delivery"), []),
    "cost_totals.list_all": (lambda c, w: cost_totals.list_all(c, w, DAY, NEXT), []),
}

WRITES: dict[str, Call] = {
    "cost_accounts.lock_costs": cost_accounts.lock_costs,
    "cost_accounts.remove": lambda c, w: cost_accounts.remove(c, w, "111122223333"),
    "cost_accounts.write": lambda c, w: cost_accounts.write(
        c, w, "111122223333", source="theirs", provider="aws", chosen_by="them"
    ),
    "cost_deliveries.add": lambda c, w: cost_deliveries.add(c, w, RECORD),
    "cost_deliveries.confirm": lambda c, w: cost_deliveries.confirm(c, w, "delivery", LATER),
    "cost_deliveries.mark_retracted": lambda c, w: cost_deliveries.mark_retracted(
        c, w, "delivery", at=LATER, by="them"
    ),
    "cost_heads.write": lambda c, w: cost_heads.write(c, w, HEAD),
    "cost_rollups.add_days": lambda c, w: cost_rollups.add_days(c, w, [DAY_ROW]),
    "cost_rollups.replace_months": lambda c, w: cost_rollups.replace_months(c, w, KEY, []),
    "cost_slices.add": lambda c, w: cost_slices.add(c, w, [a_slice("theirs")]),
    "cost_slices.forget_files": lambda c, w: cost_slices.forget_files(c, w, ["old.parquet"]),
    "cost_slices.supersede": lambda c, w: cost_slices.supersede(
        c, w, ["current"], at=LATER, by="them"
    ),
    "cost_totals.replace": lambda c, w: cost_totals.replace(c, w, KEY, []),
}
