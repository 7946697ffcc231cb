"""Pricing by a price book: what the inventory knew of each day, applied as deliveries."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime

from skyclust.costs.collection.account import AccountCosts, listed_deliveries
from skyclust.costs.collection.deliveries import (
    CollectionOptions,
    FailedDelivery,
    apply_deliveries,
    with_failed,
)
from skyclust.costs.price_books.deliveries import price_book_deliveries
from skyclust.costs.price_books.saving import load_price_book
from skyclust.log import Log
from skyclust.store.engine import Store


def price_by_book(  # noqa: PLR0917  # a range of days has two ends
    store: Store,
    workspace_id: str,
    book: str,
    start: date,
    end: date,
    options: CollectionOptions,
    log: Log,
    *,
    only: Collection[str] | None = None,
) -> AccountCosts:
    """Price the days [start, end) by a price book and apply that; return what became of it.

    With `only` the accounts of the named credentials are priced, else all that the book covers.
    Resources without a price are failed deliveries, and their days are not claimed. Raises
    NotFound for an unknown price book, and the first Transient error after all was tried.
    """
    saved = load_price_book(store, workspace_id, book)
    unpriced: list[FailedDelivery] = []
    deliveries = listed_deliveries(
        price_book_deliveries(store, workspace_id, saved, start, end, datetime.now(UTC), only=only),
        saved.source,
        unpriced,
    )
    collected = apply_deliveries(store, workspace_id, deliveries, options, log)
    if collected.transient is not None:
        raise collected.transient
    return AccountCosts(
        workspace_id=workspace_id,
        account=saved.source,
        provider="",
        collected=with_failed(collected, unpriced),
    )
