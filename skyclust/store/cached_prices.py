"""List prices of the clouds as they were read; a price replaces the one that was read before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, delete, select

from skyclust.model.list_price import ListPrice, PriceItem, PriceUnit, parse_item
from skyclust.store import workspaces
from skyclust.store.bulk import insert_rows
from skyclust.store.cost_choice_tables import cached_prices
from skyclust.store.types import require_aware

_COLUMNS: Final = cached_prices.c


@dataclass(frozen=True)
class CachedPrice:
    """A price, and the provider whose list has it."""

    provider: str
    price: ListPrice


def replace(
    connection: Connection,
    workspace_id: str,
    provider: str,
    prices: Sequence[ListPrice],
    without: Collection[PriceItem] = (),
) -> None:
    """Write prices in place of those of the same items, and remove those of `without`.

    Raises NotFound for an unknown workspace.
    """
    workspaces.hold(connection, workspace_id, alone=True)
    for item in {*(price.item for price in prices), *without}:
        connection.execute(
            delete(cached_prices).where(
                and_(
                    _COLUMNS.workspace_id == workspace_id,
                    _COLUMNS.provider == provider,
                    _COLUMNS.region == item.region,
                    _COLUMNS.item == str(item),
                )
            )
        )
    insert_rows(
        connection, cached_prices, [_row(workspace_id, provider, price) for price in prices]
    )


def list_all(connection: Connection, workspace_id: str) -> list[CachedPrice]:
    """Return the prices of a workspace, by provider, region and item."""
    rows = connection.execute(
        select(cached_prices)
        .where(_COLUMNS.workspace_id == workspace_id)
        .order_by(_COLUMNS.provider, _COLUMNS.region, _COLUMNS.item)
    )
    return [
        CachedPrice(
            row.provider,
            ListPrice(
                item=parse_item(row.item, row.region),
                amount=row.price,
                currency=row.currency,
                unit=PriceUnit(row.unit),
                sku=row.sku,
                effective_from=row.effective_from,
                read_at=row.read_at,
            ),
        )
        for row in rows
    ]


def expire(connection: Connection, workspace_id: str, read_before: datetime) -> int:
    """Remove the prices that were read before a time, and return how many.

    Raises NotFound for an unknown workspace, InvalidRequest for a time without timezone.
    """
    limit = require_aware(read_before, "read_before")
    workspaces.hold(connection, workspace_id, alone=True)
    result = connection.execute(
        delete(cached_prices).where(_COLUMNS.workspace_id == workspace_id, _COLUMNS.read_at < limit)
    )
    return result.rowcount


def _row(workspace_id: str, provider: str, price: ListPrice) -> dict[str, object]:
    return {
        "workspace_id": workspace_id,
        "provider": provider,
        "region": price.item.region,
        "item": str(price.item),
        "unit": price.unit.value,
        "currency": price.currency,
        "price": price.amount,
        "sku": price.sku,
        "effective_from": price.effective_from,
        "read_at": price.read_at,
    }
