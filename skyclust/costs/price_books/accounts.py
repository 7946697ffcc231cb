"""The billing accounts that a price book is for, with the scopes of their credentials."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from skyclust.costs.price_books.book import PriceBook
from skyclust.errors import InvalidRequest
from skyclust.model.workspace import CredentialRecord
from skyclust.store import credentials, read_times, retention
from skyclust.store.engine import Store
from skyclust.store.read_times import ReadTimes

_WORLDWIDE: Final = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{12}"
)
"""Accounts that no two clouds have: ids of OpenStack projects, of subscriptions, of AWS."""


def read_accounts(
    store: Store, workspace_id: str, book: PriceBook, only: Collection[str] | None = None
) -> tuple[dict[str, list[ReadTimes]], datetime | None]:
    """Return the scopes that a book is for by billing account, and since when history is kept.

    With `only` the accounts are those of the named credentials; each is whole, with what other
    credentials see of it, for a part of an account would replace all of it in the ledger. Raises
    InvalidRequest as `to_accounts` does.
    """
    with store.reading() as connection:
        records = credentials.list_all(connection, workspace_id)
        reads = read_times.list_read_times(connection, workspace_id, kinds=sorted(book.kinds))
        kept_from = retention.kept_from(connection, workspace_id)
    names = to_accounts(book, records)
    wanted = {account for name, account in names.items() if only is None or name in only}
    accounts: dict[str, list[ReadTimes]] = {}
    for read in reads:
        name, region = read.key.credential, read.key.region
        if names.get(name) in wanted and (not book.covers.regions or region in book.covers.regions):
            accounts.setdefault(names[name], []).append(read)
    return accounts, kept_from


def to_accounts(book: PriceBook, records: Sequence[CredentialRecord]) -> Mapping[str, str]:
    """Return the billing account of each credential that a book covers.

    It is the credential's own account, so that a price book and the cloud's own billing of one
    account are never both counted. Credentials of one account see the same resources, where the
    account is the only one of its id in the world. The name of a Proxmox VE cluster is not: then
    the book must name its credentials, and each is an account. Raises InvalidRequest unless it
    does, and for a book that covers no credential.
    """
    covered = [one for one in records if book.covers.has_credential(one.provider, one.name)]
    if not covered:
        raise InvalidRequest(
            f"The price book {book.name!r} covers no credential of this workspace.",
            hint="Look at `covers` in the price book, and at `skyclust credential list`.",
        )
    return {record.name: _account(book, record, covered) for record in covered}


def _account(book: PriceBook, record: CredentialRecord, covered: Sequence[CredentialRecord]) -> str:
    if not record.account:
        return f"price-book/{book.name}/{record.name}"
    shared = [
        one.name
        for one in covered
        if (one.provider, one.account) == (record.provider, record.account)
    ]
    if len(shared) == 1 or _WORLDWIDE.fullmatch(record.account):
        return record.account
    if not book.covers.credentials:
        raise InvalidRequest(
            f"The credentials {', '.join(sorted(shared))} are all of the account"
            f" {record.account!r}: they may see one cluster, which would be charged twice.",
            hint="Name in `covers.credentials` of the price book one credential for each cluster.",
        )
    return f"{record.account}/{record.name}"
