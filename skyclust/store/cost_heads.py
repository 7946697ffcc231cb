"""Heads of the ledger: what is applied of each source, billing account and billing period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from skyclust.store.cost_tables import cost_heads


class PeriodKey(NamedTuple):
    """A billing period of a billing account, as one source has it."""

    source: str
    billing_account_id: str
    period_start: date


@dataclass(frozen=True)
class CostHead:
    """What is applied of a period.

    `generation` grows with every change. `delivery_id`, `produced_at` and `fingerprint` are those
    of the delivery that was produced last; None when none is left. `shadow` is whether the rows
    are a shadow in any case: those of an authoritative source are where another source of the
    same sub accounts counts.
    """

    key: PeriodKey
    generation: int
    provider: str
    delivery_id: str | None
    produced_at: datetime | None
    fingerprint: str | None
    provisional: bool
    shadow: bool


def find(connection: Connection, workspace_id: str, key: PeriodKey) -> CostHead | None:
    """Return the head of a period, None before its first delivery."""
    row = connection.execute(select(cost_heads).where(_is(workspace_id, key))).one_or_none()
    return _head(row) if row else None


def list_all(connection: Connection, workspace_id: str) -> list[CostHead]:
    """Return the heads of a workspace, sorted by source, account and period."""
    rows = connection.execute(select(cost_heads).where(cost_heads.c.workspace_id == workspace_id))
    return sorted((_head(row) for row in rows), key=lambda head: head.key)


def write(connection: Connection, workspace_id: str, head: CostHead) -> None:
    """Write a head. The caller has locked the workspace's costs."""
    values = {
        "generation": head.generation,
        "provider": head.provider,
        "delivery_id": head.delivery_id,
        "produced_at": head.produced_at,
        "fingerprint": head.fingerprint,
        "provisional": head.provisional,
        "shadow": head.shadow,
    }
    changed = connection.execute(
        update(cost_heads).where(_is(workspace_id, head.key)).values(**values)
    )
    if changed.rowcount == 0:
        place = {"workspace_id": workspace_id, **head.key._asdict()}
        connection.execute(insert(cost_heads).values(**place, **values))


def _is(workspace_id: str, key: PeriodKey) -> ColumnElement[bool]:
    return and_(
        cost_heads.c.workspace_id == workspace_id,
        cost_heads.c.source == key.source,
        cost_heads.c.billing_account_id == key.billing_account_id,
        cost_heads.c.period_start == key.period_start,
    )


def _head(row: Any) -> CostHead:
    return CostHead(
        key=PeriodKey(row.source, row.billing_account_id, row.period_start),
        generation=row.generation,
        provider=row.provider,
        delivery_id=row.delivery_id,
        produced_at=row.produced_at,
        fingerprint=row.fingerprint,
        provisional=row.provisional,
        shadow=row.shadow,
    )
