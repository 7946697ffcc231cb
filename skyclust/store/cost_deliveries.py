"""Deliveries of the ledger: what each claimed, what it did, and whether it was retracted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, or_, select, update

from skyclust.errors import NotFound
from skyclust.store.bulk import insert_rows
from skyclust.store.cost_heads import PeriodKey
from skyclust.store.cost_tables import cost_deliveries
from skyclust.store.id_beginnings import begins_with

APPLIED = "applied"
RETRACTED = "retracted"


class Claim(NamedTuple):
    """The days [start, end) that a delivery claims for a period, and when it was produced."""

    key: PeriodKey
    start: date
    end: date
    produced_at: datetime


@dataclass(frozen=True)
class DeliveryRecord:
    """A delivery as it was applied.

    `parts` are name, size and digest of each, and the facts of a file that no manifest describes.
    `sums` are by currency and metric, decimals as text. `state` is `applied` or `retracted`.
    """

    delivery_id: str
    source: str
    billing_account_id: str
    period_start: date
    period_end: date
    provider: str
    complete_from: date
    complete_to: date
    produced_at: datetime
    fingerprint: str | None
    focus_version: str
    provisional: bool
    state: str
    parts: Sequence[dict[str, Any]]
    rows: int
    sums: dict[str, dict[str, str]]
    days_written: int
    days_unchanged: int
    days_withdrawn: int
    applied_at: datetime
    run_id: str | None
    requested_by: str
    retracted_at: datetime | None
    retracted_by: str | None
    remarks: Sequence[str]

    @property
    def key(self) -> PeriodKey:
        """Return the period that it delivers."""
        return PeriodKey(self.source, self.billing_account_id, self.period_start)


def add(connection: Connection, workspace_id: str, record: DeliveryRecord) -> None:
    """Write a delivery. The caller has locked the workspace's costs."""
    insert_rows(connection, cost_deliveries, [{"workspace_id": workspace_id, **vars(record)}])


def of_period(connection: Connection, workspace_id: str, key: PeriodKey) -> list[DeliveryRecord]:
    """Return the deliveries of a period, in the order in which they were applied."""
    rows = connection.execute(
        select(cost_deliveries)
        .where(
            cost_deliveries.c.workspace_id == workspace_id,
            cost_deliveries.c.source == key.source,
            cost_deliveries.c.billing_account_id == key.billing_account_id,
            cost_deliveries.c.period_start == key.period_start,
        )
        .order_by(cost_deliveries.c.applied_at)
    )
    return [_record(row) for row in rows]


def beginning_with(
    connection: Connection, workspace_id: str, beginning: str, *, limit: int
) -> list[DeliveryRecord]:
    """Return at most `limit` deliveries whose id begins so, by id."""
    rows = connection.execute(
        select(cost_deliveries)
        .where(
            cost_deliveries.c.workspace_id == workspace_id,
            begins_with(connection, cost_deliveries.c.delivery_id, beginning),
        )
        .order_by(cost_deliveries.c.delivery_id)
        .limit(limit)
    )
    return [_record(row) for row in rows]


def list_page(
    connection: Connection,
    workspace_id: str,
    *,
    source: str | None = None,
    billing_account_id: str | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int | None = None,
) -> list[DeliveryRecord]:
    """Return deliveries, the one applied last first; those after the position `before`."""
    columns = cost_deliveries.c
    query = select(cost_deliveries).where(columns.workspace_id == workspace_id)
    if source is not None:
        query = query.where(columns.source == source)
    if billing_account_id is not None:
        query = query.where(columns.billing_account_id == billing_account_id)
    if before is not None:
        at, delivery_id = before
        query = query.where(
            or_(
                columns.applied_at < at,
                and_(columns.applied_at == at, columns.delivery_id < delivery_id),
            )
        )
    ordered = query.order_by(columns.applied_at.desc(), columns.delivery_id.desc()).limit(limit)
    return [_record(row) for row in connection.execute(ordered)]


def claims(connection: Connection, workspace_id: str, start: date, end: date) -> list[Claim]:
    """Return the claim of each applied delivery that overlaps [start, end).

    A retracted delivery claims nothing.
    """
    columns = cost_deliveries.c
    rows = connection.execute(
        select(
            columns.source,
            columns.billing_account_id,
            columns.period_start,
            columns.complete_from,
            columns.complete_to,
            columns.produced_at,
        ).where(
            columns.workspace_id == workspace_id,
            columns.state == APPLIED,
            columns.complete_from < end,
            columns.complete_to > start,
        )
    )
    return [
        Claim(PeriodKey(*row[:3]), row.complete_from, row.complete_to, row.produced_at)
        for row in rows
    ]


def confirm(
    connection: Connection, workspace_id: str, delivery_id: str, produced_at: datetime
) -> None:
    """Write that a source produced the same content again, at this later time."""
    connection.execute(
        update(cost_deliveries)
        .where(
            cost_deliveries.c.workspace_id == workspace_id,
            cost_deliveries.c.delivery_id == delivery_id,
        )
        .values(produced_at=produced_at)
    )


def mark_retracted(
    connection: Connection, workspace_id: str, delivery_id: str, *, at: datetime, by: str
) -> None:
    """Write that a delivery was retracted. Raises NotFound for an unknown delivery."""
    changed = connection.execute(
        update(cost_deliveries)
        .where(
            cost_deliveries.c.workspace_id == workspace_id,
            cost_deliveries.c.delivery_id == delivery_id,
        )
        .values(state=RETRACTED, retracted_at=at, retracted_by=by)
    )
    if changed.rowcount == 0:
        raise NotFound(f"There is no cost delivery {delivery_id!r}.")


def _record(row: Row[Any]) -> DeliveryRecord:
    values = dict(row._mapping)
    del values["workspace_id"]
    return DeliveryRecord(**values)
