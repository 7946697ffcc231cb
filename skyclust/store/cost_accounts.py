"""Billing accounts: which source's rows count for each; those of any other source are shadows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, delete, insert, select

from skyclust.store.cost_heads import PeriodKey
from skyclust.store.cost_tables import cost_accounts, cost_days, cost_heads
from skyclust.store.locks import LockName, lock
from skyclust.store.types import now


@dataclass(frozen=True)
class CostAccount:
    """A billing account, and its authoritative source.

    `chosen_by` is the person who chose the source, None when it was the first that delivered.
    """

    billing_account_id: str
    source: str
    provider: str
    chosen_by: str | None
    since: datetime


def lock_costs(connection: Connection, workspace_id: str) -> None:
    """Keep other transactions from changing a workspace's ledger until this one ends.

    Whether a source owns an account depends on all accounts of the workspace, so nothing smaller
    is locked. Raises RuntimeError outside a write transaction.
    """
    lock(connection, LockName.COSTS, workspace_id)


def find(connection: Connection, workspace_id: str, billing_account_id: str) -> CostAccount | None:
    """Return a billing account, None for one without an authoritative source."""
    row = connection.execute(
        select(cost_accounts).where(
            cost_accounts.c.workspace_id == workspace_id,
            cost_accounts.c.billing_account_id == billing_account_id,
        )
    ).one_or_none()
    return _account(row._mapping) if row else None


def list_all(connection: Connection, workspace_id: str) -> list[CostAccount]:
    """Return the billing accounts that have an authoritative source, sorted by id."""
    rows = connection.execute(
        select(cost_accounts).where(cost_accounts.c.workspace_id == workspace_id)
    )
    accounts = [_account(row._mapping) for row in rows]
    return sorted(accounts, key=lambda account: account.billing_account_id)


def write(
    connection: Connection,
    workspace_id: str,
    billing_account_id: str,
    *,
    source: str,
    provider: str,
    chosen_by: str | None,
) -> None:
    """Make a source the authoritative one of a billing account. The caller has `lock_costs`."""
    connection.execute(
        delete(cost_accounts).where(
            cost_accounts.c.workspace_id == workspace_id,
            cost_accounts.c.billing_account_id == billing_account_id,
        )
    )
    connection.execute(
        insert(cost_accounts).values(
            workspace_id=workspace_id,
            billing_account_id=billing_account_id,
            source=source,
            provider=provider,
            chosen_by=chosen_by,
            since=now(),
        )
    )


def remove(connection: Connection, workspace_id: str, billing_account_id: str) -> None:
    """Leave a billing account without an authoritative source. The caller has `lock_costs`."""
    connection.execute(
        delete(cost_accounts).where(
            cost_accounts.c.workspace_id == workspace_id,
            cost_accounts.c.billing_account_id == billing_account_id,
        )
    )


def other_owners(
    connection: Connection,
    workspace_id: str,
    source: str,
    provider: str,
    days_of: Mapping[str, Sequence[date]],
) -> list[tuple[str, PeriodKey]]:
    """Return the sub accounts of which rows of another source count, with the period that has them.

    Those of periods of the same provider. `days_of` are charge days by `plain_sub_account`: only
    those days are looked at. Sorted.
    """
    if not days_of:
        return []
    all_days = sorted({day for days in days_of.values() for day in days})
    days, accounts, heads = cost_days.c, cost_accounts.c, cost_heads.c
    rows = connection.execute(
        select(
            days.source,
            days.billing_account_id,
            days.period_start,
            days.sub_account_id,
            days.charge_day,
        )
        .join(
            cost_accounts,
            (accounts.workspace_id == days.workspace_id)
            & (accounts.billing_account_id == days.billing_account_id)
            & (accounts.source == days.source),
        )
        .join(
            cost_heads,
            (heads.workspace_id == days.workspace_id)
            & (heads.source == days.source)
            & (heads.billing_account_id == days.billing_account_id)
            & (heads.period_start == days.period_start),
        )
        .where(
            days.workspace_id == workspace_id,
            days.source != source,
            days.charge_day.between(all_days[0], all_days[-1]),
            heads.shadow.is_(False),
            heads.provider == provider,
        )
        .distinct()
    )
    found = {
        (
            plain_sub_account(row.sub_account_id, row.billing_account_id),
            row.charge_day,
            PeriodKey(row.source, row.billing_account_id, row.period_start),
        )
        for row in rows
    }
    return sorted({(name, key) for name, day, key in found if day in days_of.get(name, ())})


def plain_sub_account(sub_account_id: str | None, billing_account_id: str) -> str:
    """Return a sub account as those of two sources are compared: the last part, in lower case.

    Azure's query and exports write a subscription with or without its path, in either case. Rows
    without a sub account are of the billing account itself.
    """
    return (sub_account_id or billing_account_id).rstrip("/").rsplit("/", 1)[-1].lower()


def _account(row: object) -> CostAccount:
    values = dict(row)  # type: ignore[call-overload]  # a mapping of SQLAlchemy
    del values["workspace_id"]
    return CostAccount(**values)
