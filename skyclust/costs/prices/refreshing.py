"""Reading the list prices that are due, from the price APIs of the clouds.

A cloud is called outside of any transaction. What could not be read keeps its earlier price.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from skyclust.contract import PriceProvider, Provider
from skyclust.costs.prices.items import wanted_items
from skyclust.costs.prices.lookup import KEPT_FOR, PriceList, price_list
from skyclust.errors import SkyClustError, Unsupported
from skyclust.model.list_price import ListPrice, MissingPrice, PriceItem
from skyclust.providerkit.provider_errors import provider_errors
from skyclust.registry import capability, provider_class
from skyclust.store import (
    cached_prices,
    credentials,
    instance_metrics,
    resources,
    workspaces,
)
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

OpenProvider = Callable[[str], Provider]
"""Opens the provider of a credential of the workspace, by its name."""


@dataclass(frozen=True)
class DuePrices:
    """What is to be read from one provider's price list, and the credentials that may read it."""

    provider: str
    credentials: Sequence[str]
    items: frozenset[PriceItem]


@dataclass(frozen=True)
class Refreshed:
    """What a reading of a price list brought; `missing` are items without a price."""

    provider: str
    read: int
    missing: Sequence[MissingPrice] = ()


def load_prices(store: Store, workspace_id: str) -> PriceList:
    """Return the cached prices of a workspace."""
    with store.reading() as connection:
        return price_list(cached_prices.list_all(connection, workspace_id))


def due_prices(
    store: Store, workspace_id: str, *, now: datetime | None = None, everything: bool = False
) -> list[DuePrices]:
    """Return what is due for the inventory of a workspace, by provider; all with `everything`.

    Raises NotFound for an unknown workspace.
    """
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        wanted = wanted_items(
            resources.find(connection, workspace_id),
            instance_metrics.list_all(connection, workspace_id),
        )
        names = _credentials(connection, workspace_id)
        known = price_list(cached_prices.list_all(connection, workspace_id))
    return due_of(wanted, names, PriceList() if everything else known, now or datetime.now(UTC))


def due_of(
    wanted: Mapping[str, Collection[PriceItem]],
    credentials_of: Mapping[str, Sequence[str]],
    known: PriceList,
    now: datetime,
) -> list[DuePrices]:
    """Return the wanted items that are due, of providers with a price list and a credential."""
    due = [
        DuePrices(provider, credentials_of[provider], frozenset(known.due(provider, items, now)))
        for provider, items in sorted(wanted.items())
        if credentials_of.get(provider) and _has_prices(provider)
    ]
    return [one for one in due if one.items]


def refresh_prices(
    store: Store, workspace_id: str, due: DuePrices, open_provider: OpenProvider
) -> Refreshed:
    """Read what is due from a provider's price list and cache it, and return what it brought.

    List prices are the same for every account, so the first credential that can read them does.
    Raises the error of the last one when none can, and Unsupported when the provider has no price
    list.
    """
    failure: SkyClustError | None = None
    for name in due.credentials:
        try:
            provider = open_provider(name)
            with provider_errors(due.provider, "read its list prices"):
                answer = capability(provider, PriceProvider).list_prices(due.items)
        except Unsupported:
            raise
        except SkyClustError as error:
            failure = error
            continue

        priced = {one.item for one in answer.prices}
        missing = {one.item for one in answer.missing}
        without = (missing | {item.of_any_size for item in missing}) - priced
        write = partial(_cache, workspace_id, due.provider, answer.prices, without)
        store.write(write)
        return Refreshed(due.provider, len(answer.prices), answer.missing)
    raise failure or Unsupported(f"No credential can read the prices of {due.provider}.")


def _has_prices(provider: str) -> bool:
    """Return whether a provider has a price list; no provider that is not installed has."""
    try:
        return issubclass(provider_class(provider), PriceProvider)
    except SkyClustError:
        return False


def _cache(
    workspace_id: str,
    provider: str,
    prices: Sequence[ListPrice],
    without: Collection[PriceItem],
    connection: Connection,
) -> None:
    cached_prices.replace(connection, workspace_id, provider, prices, without)
    cached_prices.expire(connection, workspace_id, datetime.now(UTC) - KEPT_FOR)


def _credentials(connection: Connection, workspace_id: str) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for record in credentials.list_all(connection, workspace_id):
        names.setdefault(record.provider, []).append(record.name)
    return names
