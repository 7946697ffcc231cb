"""What the sources themselves call their totals, as they were read last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from skyclust.store.bulk import insert_rows
from skyclust.store.cost_heads import PeriodKey
from skyclust.store.cost_tables import cost_totals


@dataclass(frozen=True)
class SourceTotal:
    """A total as a source states it, of a period in one metric; `end_day` is exclusive."""

    key: PeriodKey
    metric: str
    currency: str
    amount: Decimal
    scope: str
    first_day: date | None
    end_day: date | None
    invoice_id: str | None
    sub_account_id: str | None
    read_at: datetime


def replace(
    connection: Connection, workspace_id: str, key: PeriodKey, totals: Sequence[SourceTotal]
) -> None:
    """Replace the totals of a period by these, which are all of it."""
    connection.execute(delete(cost_totals).where(_is(workspace_id, key)))
    rows: list[Mapping[str, Any]] = [
        {
            "workspace_id": workspace_id,
            **key._asdict(),
            "number": number,
            **{name: value for name, value in vars(total).items() if name != "key"},
        }
        for number, total in enumerate(totals)
    ]
    insert_rows(connection, cost_totals, rows)


def list_all(
    connection: Connection, workspace_id: str, start: date, end: date
) -> list[SourceTotal]:
    """Return the totals of the periods that begin in [start, end), sorted by period."""
    rows = connection.execute(
        select(cost_totals)
        .where(
            cost_totals.c.workspace_id == workspace_id,
            cost_totals.c.period_start >= start,
            cost_totals.c.period_start < end,
        )
        .order_by(cost_totals.c.number)
    )
    found = []
    for row in rows:
        values = dict(row._mapping)
        key = PeriodKey(*(values.pop(name) for name in PeriodKey._fields))
        del values["workspace_id"], values["number"]
        found.append(SourceTotal(key=key, **values))
    return sorted(found, key=lambda total: total.key)


def _is(workspace_id: str, key: PeriodKey) -> ColumnElement[bool]:
    return and_(
        cost_totals.c.workspace_id == workspace_id,
        cost_totals.c.source == key.source,
        cost_totals.c.billing_account_id == key.billing_account_id,
        cost_totals.c.period_start == key.period_start,
    )
