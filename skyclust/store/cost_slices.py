"""Slices of the ledger: which file holds a charge day of a period, now and before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from skyclust.store.bulk import chunks, insert_rows
from skyclust.store.cost_heads import PeriodKey
from skyclust.store.cost_tables import cost_accounts, cost_days, cost_heads, cost_slices


@dataclass(frozen=True)
class Slice:
    """The rows of one charge day of a period.

    `file` is its name below the root of the ledger, None once it was removed. `sums` are by
    currency and metric, decimals as text. It is current while `superseded_at` is None.
    """

    slice_id: str
    source: str
    billing_account_id: str
    period_start: date
    charge_day: date
    delivery_id: str
    file: str | None
    content_hash: str
    rows: int
    bytes: int
    sums: dict[str, dict[str, str]]
    written_at: datetime
    superseded_at: datetime | None = None
    superseded_by: str | None = None


@dataclass(frozen=True)
class SliceFile:
    """The file of a current slice, and what a query has to know about it."""

    file: str
    provider: str
    source: str
    billing_account_id: str
    charge_day: date
    bytes: int
    workspace_id: str


def of_period(
    connection: Connection, workspace_id: str, key: PeriodKey, *, history: bool = False
) -> list[Slice]:
    """Return the current slices of a period by day; with `history` the superseded ones too."""
    query = select(cost_slices).where(
        cost_slices.c.workspace_id == workspace_id,
        cost_slices.c.source == key.source,
        cost_slices.c.billing_account_id == key.billing_account_id,
        cost_slices.c.period_start == key.period_start,
    )
    if not history:
        query = query.where(cost_slices.c.superseded_at.is_(None))
    ordered = query.order_by(cost_slices.c.charge_day, cost_slices.c.written_at)
    return [_slice(row) for row in connection.execute(ordered)]


def written_by(connection: Connection, workspace_id: str, delivery_id: str) -> list[Slice]:
    """Return the slices that a delivery wrote, by day, superseded ones too."""
    rows = connection.execute(
        select(cost_slices)
        .where(cost_slices.c.workspace_id == workspace_id, cost_slices.c.delivery_id == delivery_id)
        .order_by(cost_slices.c.charge_day, cost_slices.c.written_at)
    )
    return [_slice(row) for row in rows]


def current_files(
    connection: Connection,
    workspace_id: str,
    start: date,
    end: date,
    *,
    sources: Sequence[str] | None = None,
) -> list[SliceFile]:
    """Return the files of the current slices of the charge days [start, end), sorted by name.

    Those that count, or those of these sources.
    """
    slices, heads, accounts = cost_slices.c, cost_heads.c, cost_accounts.c
    query = (
        select(
            slices.file,
            heads.provider,
            slices.source,
            slices.billing_account_id,
            slices.charge_day,
            slices.bytes,
            slices.workspace_id,
        )
        .join(
            cost_heads,
            (heads.workspace_id == slices.workspace_id)
            & (heads.source == slices.source)
            & (heads.billing_account_id == slices.billing_account_id)
            & (heads.period_start == slices.period_start),
        )
        .where(
            slices.workspace_id == workspace_id,
            slices.superseded_at.is_(None),
            slices.charge_day >= start,
            slices.charge_day < end,
        )
    )
    if sources is None:
        query = query.join(
            cost_accounts,
            (accounts.workspace_id == slices.workspace_id)
            & (accounts.billing_account_id == slices.billing_account_id)
            & (accounts.source == slices.source),
        ).where(heads.shadow.is_(False))
    else:
        query = query.where(slices.source.in_(sources))
    files = [SliceFile(*row) for row in connection.execute(query)]
    return sorted(files, key=lambda each: each.file)


def current_days(
    connection: Connection, workspace_id: str, start: date, end: date
) -> list[tuple[PeriodKey, date]]:
    """Return the period and charge day of each current slice of the days [start, end)."""
    slices = cost_slices.c
    rows = connection.execute(
        select(
            slices.source, slices.billing_account_id, slices.period_start, slices.charge_day
        ).where(
            slices.workspace_id == workspace_id,
            slices.superseded_at.is_(None),
            slices.charge_day >= start,
            slices.charge_day < end,
        )
    )
    return [(PeriodKey(*row[:3]), row.charge_day) for row in rows]


def add(connection: Connection, workspace_id: str, slices: Sequence[Slice]) -> None:
    """Write new slices. The caller has locked the workspace's costs."""
    rows = [{"workspace_id": workspace_id, **vars(each)} for each in slices]
    insert_rows(connection, cost_slices, rows)


def supersede(
    connection: Connection, workspace_id: str, slice_ids: Sequence[str], *, at: datetime, by: str
) -> None:
    """Write that slices are no longer current; their rollups are removed.

    `by` is the delivery or the retraction that replaced or withdrew them.
    """
    for some in chunks(slice_ids):
        connection.execute(
            update(cost_slices)
            .where(
                cost_slices.c.workspace_id == workspace_id,
                cost_slices.c.slice_id.in_(some),
                cost_slices.c.superseded_at.is_(None),
            )
            .values(superseded_at=at, superseded_by=by)
        )
        connection.execute(
            cost_days.delete().where(
                cost_days.c.workspace_id == workspace_id, cost_days.c.slice_id.in_(some)
            )
        )


def collectable(connection: Connection, workspace_id: str, before: datetime) -> list[str]:
    """Return the files whose every slice was superseded before a time, sorted."""
    slices = cost_slices.c
    needed = select(slices.file).where(
        slices.workspace_id == workspace_id,
        slices.file.is_not(None),
        slices.superseded_at.is_(None) | (slices.superseded_at >= before),
    )
    files = connection.scalars(
        select(slices.file)
        .where(
            slices.workspace_id == workspace_id,
            slices.file.is_not(None),
            slices.superseded_at < before,
            slices.file.not_in(needed),
        )
        .distinct()
    )
    return sorted(name for name in files if name is not None)


def forget_files(connection: Connection, workspace_id: str, files: Sequence[str]) -> None:
    """Write that the files of superseded slices are removed; a current slice keeps its file."""
    for some in chunks(files):
        connection.execute(
            update(cost_slices)
            .where(
                cost_slices.c.workspace_id == workspace_id,
                cost_slices.c.file.in_(some),
                cost_slices.c.superseded_at.is_not(None),
            )
            .values(file=None)
        )


def known_files(connection: Connection, workspace_id: str) -> set[str]:
    """Return the files that any slice points to, current or superseded."""
    files = connection.scalars(
        select(cost_slices.c.file).where(
            cost_slices.c.workspace_id == workspace_id, cost_slices.c.file.is_not(None)
        )
    )
    return {name for name in files if name is not None}


def _slice(row: Row[Any]) -> Slice:
    values = dict(row._mapping)
    del values["workspace_id"]
    return Slice(**values)
