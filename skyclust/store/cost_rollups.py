"""Rollups of the ledger: sums by day and by month over the dimensions of everyday questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, delete, func, or_, select

from skyclust.store.bulk import chunks, insert_rows
from skyclust.store.cost_accounts import plain_sub_account
from skyclust.store.cost_heads import PeriodKey
from skyclust.store.cost_tables import cost_accounts, cost_days, cost_heads, cost_months
from skyclust.store.types import exact_sum

AMOUNTS: Final = ("billed_cost", "effective_cost", "list_cost", "contracted_cost", "savings")


def add_days(connection: Connection, workspace_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the day rollups of new slices, each row with its `slice_id` and `number`."""
    for some in chunks(rows):
        insert_rows(connection, cost_days, [{"workspace_id": workspace_id, **row} for row in some])


def replace_months(
    connection: Connection, workspace_id: str, key: PeriodKey, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Replace the month rollup of a period by these rows."""
    connection.execute(
        delete(cost_months).where(
            cost_months.c.workspace_id == workspace_id,
            cost_months.c.source == key.source,
            cost_months.c.billing_account_id == key.billing_account_id,
            cost_months.c.period_start == key.period_start,
        )
    )
    first = 0
    for some in chunks(rows):
        numbered: list[Mapping[str, Any]] = [
            {"workspace_id": workspace_id, **key._asdict(), "number": number, **row}
            for number, row in enumerate(some, start=first)
        ]
        insert_rows(connection, cost_months, numbered)
        first += len(some)


def sum_days(
    connection: Connection,
    workspace_id: str,
    start: date,
    end: date,
    *,
    by: Sequence[str] = (),
    where: Mapping[str, Sequence[Any]] | None = None,
    sources: Sequence[str] | None = None,
) -> list[Row[Any]]:
    """Return the sums of the charge days [start, end) by columns of the rollup and currency.

    Each row has the columns of `by`, `currency`, the AMOUNTS and `rows`. `provider` is a column
    too. `where` are allowed values by column, None among them for unknown. Of authoritative
    sources, or of these.
    """
    days = cost_days.c
    within = (days.charge_day >= start) & (days.charge_day < end)
    query = _sums(cost_days, workspace_id, by, where or {}, sources).where(within)
    return list(connection.execute(query))


def sum_months(
    connection: Connection,
    workspace_id: str,
    start: date,
    end: date,
    *,
    by: Sequence[str] = (),
    where: Mapping[str, Sequence[Any]] | None = None,
    sources: Sequence[str] | None = None,
) -> list[Row[Any]]:
    """Return the sums of the charge months that begin in [start, end), as `sum_days` does.

    `tags` is a column whose values are the rollup's allocation tags.
    """
    months = cost_months.c
    within = (months.charge_month >= start) & (months.charge_month < end)
    query = _sums(cost_months, workspace_id, by, where or {}, sources).where(within)
    return list(connection.execute(query))


def has_tags(
    connection: Connection, workspace_id: str, start: date, end: date, keys: Sequence[str]
) -> bool:
    """Return whether every month rollup of [start, end) was made with all these tags."""
    months = cost_months.c
    rolled = connection.scalars(
        select(months.tags)
        .where(
            months.workspace_id == workspace_id,
            months.charge_month >= start,
            months.charge_month < end,
            months.number == 0,
        )
        .distinct()
    )
    return all(set(keys) <= set(tags) for tags in rolled)


def account_currencies(
    connection: Connection, workspace_id: str
) -> dict[tuple[str, str], dict[str, tuple[date, date]]]:
    """Return the first and the last charge month of the current rows by source and billing account.

    The months are given by their first day, for each currency of the rows.
    """
    months = cost_months.c
    rows = connection.execute(
        select(
            months.source,
            months.billing_account_id,
            months.currency,
            func.min(months.charge_month),
            func.max(months.charge_month),
        )
        .where(months.workspace_id == workspace_id)
        .group_by(months.source, months.billing_account_id, months.currency)
    )
    found: dict[tuple[str, str], dict[str, tuple[date, date]]] = {}
    for source, account, currency, first, last in rows:
        found.setdefault((source, account), {})[currency] = (first, last)
    return found


def sub_account_days(
    connection: Connection, workspace_id: str, key: PeriodKey
) -> dict[str, list[date]]:
    """Return the charge days on which each sub account (`plain_sub_account`) has rows."""
    days = cost_days.c
    rows = connection.execute(
        select(days.sub_account_id, days.charge_day)
        .where(
            days.workspace_id == workspace_id,
            days.source == key.source,
            days.billing_account_id == key.billing_account_id,
            days.period_start == key.period_start,
        )
        .distinct()
    )
    found: dict[str, list[date]] = {}
    for sub_account, day in rows:
        name = plain_sub_account(sub_account, key.billing_account_id)
        found.setdefault(name, []).append(day)
    return found


def sub_accounts_by_day(
    connection: Connection, workspace_id: str, start: date, end: date
) -> list[tuple[PeriodKey, str | None, date]]:
    """Return period, sub account and day of the rows of charge days [start, end), shadows too."""
    days = cost_days.c
    rows = connection.execute(
        select(
            days.source,
            days.billing_account_id,
            days.period_start,
            days.sub_account_id,
            days.charge_day,
        )
        .where(days.workspace_id == workspace_id, days.charge_day >= start, days.charge_day < end)
        .distinct()
    )
    return [(PeriodKey(*row[:3]), row.sub_account_id, row.charge_day) for row in rows]


def _sums(
    table: Table,
    workspace_id: str,
    by: Sequence[str],
    where: Mapping[str, Sequence[Any]],
    sources: Sequence[str] | None,
) -> Select[Any]:
    columns, heads, accounts = table.c, cost_heads.c, cost_accounts.c

    def column(name: str) -> ColumnElement[Any]:
        return heads.provider if name == "provider" else columns[name]

    grouped = [column(name) for name in by]
    query = select(
        *grouped,
        columns.currency,
        *(exact_sum(columns[name]).label(name) for name in AMOUNTS),
        func.sum(columns.rows).label("rows"),
        func.sum(columns.savings_unknown_rows).label("savings_unknown_rows"),
    ).where(columns.workspace_id == workspace_id)
    if sources is None or "provider" in by or "provider" in where:
        query = query.join(
            cost_heads,
            (heads.workspace_id == columns.workspace_id)
            & (heads.source == columns.source)
            & (heads.billing_account_id == columns.billing_account_id)
            & (heads.period_start == columns.period_start),
        )
    if sources is None:
        query = query.join(
            cost_accounts,
            (accounts.workspace_id == columns.workspace_id)
            & (accounts.billing_account_id == columns.billing_account_id)
            & (accounts.source == columns.source),
        ).where(heads.shadow.is_(False))
    else:
        query = query.where(columns.source.in_(sources))
    for name, values in where.items():
        query = query.where(_is_one_of(column(name), values))
    return query.group_by(*grouped, columns.currency)


def _is_one_of(column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    known = column.in_([value for value in values if value is not None])
    return or_(known, column.is_(None)) if None in values else known
