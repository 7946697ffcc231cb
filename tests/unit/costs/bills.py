"""Bills in the columns of the ledger, made from a seed: the same seed makes the same rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from skyclust.contract.cost import BillingPeriod, CostDelivery
from skyclust.costs.focus.ledger_schema import LEDGER_SCHEMA

JANUARY = BillingPeriod(date(2026, 1, 1), date(2026, 2, 1))
ACCOUNT = "111122223333"
SOURCE = "aws-data-exports:production"
PRODUCED = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)

_SERVICES = ["Compute", "Storage", "Network", "Database", None]
_REGIONS = ["eu-central-1", "us-east-1", None]
_TEAMS = ["platform", "shop", None]


def days_of(period: BillingPeriod) -> list[date]:
    """Return every day of a billing period."""
    return [period.start + timedelta(n) for n in range((period.end - period.start).days)]


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def bill(
    days: Sequence[date] | None = None,
    *,
    rows: int = 12,
    seed: int = 1,
    account: str = ACCOUNT,
    period: BillingPeriod = JANUARY,
    sub_accounts: Sequence[str] = ("sub-a", "sub-b"),
    resources: int = 7,
    extra: dict[str, str] | None = None,
) -> pa.Table:
    """Return so many rows of each day, by default of the first ten.

    `extra` are `x_` columns with one value in all rows.
    """
    days = days_of(period)[:10] if days is None else days
    parts = [_day(day, rows, seed, account, period, sub_accounts, resources) for day in days]
    table = pa.concat_tables(parts) if parts else LEDGER_SCHEMA.empty_table()
    for name, value in (extra or {}).items():
        table = table.append_column(name, pa.array([value] * table.num_rows, pa.string()))
    return table


def _day(
    day: date,
    rows: int,
    seed: int,
    account: str,
    period: BillingPeriod,
    sub_accounts: Sequence[str],
    resources: int,
) -> pa.Table:
    random = np.random.default_rng([seed, day.toordinal()])
    begin = np.datetime64(day, "us") + random.integers(0, 24, rows) * np.timedelta64(1, "h")
    cents = random.integers(1, 100_000, rows)
    team = random.integers(0, len(_TEAMS), rows)
    tags = [json.dumps({"team": name, "env": "prod"} if name else {}) for name in _TEAMS]
    resource = random.integers(0, resources, rows)
    values: dict[str, Any] = {
        "BillingAccountId": [account] * rows,
        "BillingAccountName": ["Production"] * rows,
        "BillingCurrency": ["USD"] * rows,
        "BillingPeriodStart": [midnight(period.start)] * rows,
        "BillingPeriodEnd": [midnight(period.end)] * rows,
        "ChargePeriodStart": begin,
        "ChargePeriodEnd": begin + np.timedelta64(1, "h"),
        "ChargeCategory": ["Usage"] * rows,
        "ChargeDescription": [f"Usage of r-{n}" for n in resource],
        "BilledCost": amounts(cents, 4),
        "EffectiveCost": amounts(cents, 4),
        "ListCost": amounts(cents * 2, 4),
        "ContractedCost": amounts(cents, 4),
        "PricingCategory": ["Standard"] * rows,
        "ProviderName": ["AWS"] * rows,
        "SubAccountId": _pick(sub_accounts, random, rows),
        "ServiceCategory": ["Compute"] * rows,
        "ServiceName": _pick(_SERVICES, random, rows),
        "RegionId": _pick(_REGIONS, random, rows),
        "ResourceId": [f"r-{n}" for n in resource],
        "ResourceType": ["instance"] * rows,
        "SkuId": [f"sku-{n % 50}" for n in range(rows)],
        "Tags": [tags[n] for n in team],
    }
    return table_of(values, rows)


def table_of(values: dict[str, Any], rows: int) -> pa.Table:
    """Return a table of the ledger with these columns; the others are null."""
    columns = [
        pa.array(values[field.name], type=field.type)
        if field.name in values
        else pa.nulls(rows, field.type)
        for field in LEDGER_SCHEMA
    ]
    return pa.table(columns, schema=LEDGER_SCHEMA)


def amounts(numbers: Any, digits: int) -> list[Decimal]:
    """Return whole numbers as decimals with so many digits behind the point."""
    return [Decimal(int(number)).scaleb(-digits) for number in numbers]


def _pick(choices: Sequence[Any], random: Any, rows: int) -> list[Any]:
    return [choices[n] for n in random.integers(0, len(choices), rows)]


def changed(table: pa.Table, column: str, values: Sequence[Any]) -> pa.Table:
    """Return a table with other values in a column."""
    place = table.schema.get_field_index(column)
    field = table.schema.field(place)
    return table.set_column(place, field, pa.array(values, type=field.type))


def delivery(**fields: Any) -> CostDelivery:
    """Return a delivery of the whole of January, with other values where they are given."""
    given: dict[str, Any] = {
        "source": SOURCE,
        "provider": "aws",
        "billing_account_id": ACCOUNT,
        "period": JANUARY,
        "produced_at": PRODUCED,
        "focus_version": "1.2",
    } | fields
    given.setdefault("complete_from", given["period"].start)
    given.setdefault("complete_to", given["period"].end)
    return CostDelivery(**given)


def parts(table: pa.Table, rows: int) -> Iterator[pa.Table]:
    """Yield a table in pieces of so many rows."""
    for start in range(0, table.num_rows, rows):
        yield table.slice(start, rows)
