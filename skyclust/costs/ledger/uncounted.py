"""Rows of shadows that no source that counts has: costs that are in no sum."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from skyclust.store.cost_accounts import plain_sub_account
from skyclust.store.cost_heads import CostHead, PeriodKey

SubAccountDay = tuple[PeriodKey, str | None, date]
"""A day on which a sub account has rows in a period."""


def days_not_counted(
    heads: Sequence[CostHead],
    counted: Collection[PeriodKey],
    rows: Iterable[SubAccountDay],
    claimed: Mapping[PeriodKey, Collection[date]],
) -> dict[tuple[str, str], set[date]]:
    """Return the days of shadows that no source that counts has, by source and billing account.

    A source that counts has a day of a billing account when it claims the day for it, and that of
    a sub account when it has rows of it; both of the same provider. `counted` are the periods that
    count, `claimed` the days that deliveries claim for each period.
    """
    providers = {head.key: head.provider for head in heads}
    of_accounts = {
        (providers[key], key.billing_account_id, day)
        for key in counted
        for day in claimed.get(key, ())
    }
    of_sub_accounts: set[tuple[str, str, date]] = set()
    shadows = []
    for key, sub_account, day in rows:
        provider = providers[key]
        name = plain_sub_account(sub_account, key.billing_account_id)
        if key in counted:
            of_accounts.add((provider, key.billing_account_id, day))
            of_sub_accounts.add((provider, name, day))
        else:
            shadows.append((key, (provider, name, day)))
    missing: dict[tuple[str, str], set[date]] = {}
    for key, (provider, name, day) in shadows:
        account = (provider, key.billing_account_id, day)
        if account not in of_accounts and (provider, name, day) not in of_sub_accounts:
            missing.setdefault((key.source, key.billing_account_id), set()).add(day)
    return missing
