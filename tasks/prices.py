"""Reading list prices: a task reads what is due from the price list of one cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from prefect import get_run_logger, task

from skyclust.costs.price_books.saving import load_price_books
from skyclust.costs.prices.place_prices import PlacedType, PriceSources, place_prices
from skyclust.costs.prices.refreshing import (
    DuePrices,
    Refreshed,
    due_of,
    due_prices,
    load_prices,
    refresh_prices,
)
from skyclust.costs.rates.table import RateTable
from skyclust.errors import SkyClustError
from skyclust.inventory.placement import Offer
from skyclust.inventory.read_liveness import ReadLiveness, results_while_alive
from skyclust.model.catalog import MIB_PER_GIB
from skyclust.model.list_price import PriceItem
from skyclust.model.placement import Place, PlacePrice
from skyclust.orchestration.credentials import open_provider
from skyclust.store import cost_settings, currency_rates
from skyclust.store.engine import Store, open_store
from tasks.retry_policy import UNCACHED


@task(name="read prices", task_run_name="read the prices of {provider}", **UNCACHED)
def read_prices(workspace_id: str, provider: str, due: DuePrices) -> Refreshed | None:
    """Read what is due from a price list and cache it; None when the cloud does not answer.

    A price list that cannot be read is no failure of the run: the earlier prices are used, with
    their age, and what has none is unknown.
    """
    store = open_store()

    def call(emit: Callable[[Refreshed], None]) -> None:
        emit(
            refresh_prices(
                store, workspace_id, due, lambda name: open_provider(store, workspace_id, name)
            )
        )

    try:
        [refreshed] = results_while_alive(call, ReadLiveness(), f"The price list of {provider}")
    except SkyClustError as error:
        get_run_logger().warning("The prices of %s were not read: %s", provider, error)
        return None
    for missing in refreshed.missing:
        get_run_logger().info("%s has no price: %s", missing.item, missing.reason)
    return refreshed


def read_due_prices(workspace_id: str) -> None:
    """Read the list prices that the inventory of a workspace needs and that are due."""
    _read(workspace_id, due_prices(open_store(), workspace_id))


def prices_of_offers(
    workspace_id: str, offers: Sequence[Offer]
) -> Mapping[tuple[Place, str], PlacePrice]:
    """Return the prices of the offered types by place and region, after reading what is due."""
    store = open_store()
    placed = [_placed(offer) for offer in offers]
    wanted: dict[str, set[PriceItem]] = {}
    names: dict[str, list[str]] = {}
    for offer in placed:
        wanted.setdefault(offer.provider, set()).add(offer.item)
        if offer.place.credential not in names.setdefault(offer.provider, []):
            names[offer.provider].append(offer.place.credential)
    known = load_prices(store, workspace_id)
    _read(workspace_id, due_of(wanted, names, known, datetime.now(UTC)))
    return place_prices(placed, _sources(store, workspace_id))


def _read(workspace_id: str, due: Sequence[DuePrices]) -> None:
    readings = [read_prices.submit(workspace_id, one.provider, one) for one in due]
    for reading in readings:
        reading.result()


def _placed(offer: Offer) -> PlacedType:
    return PlacedType(
        place=offer.place,
        provider=offer.provider,
        region=offer.region,
        type=offer.type.name,
        cores=offer.type.cores,
        memory_gib=Decimal(offer.type.memory_mib) / MIB_PER_GIB,
    )


def _sources(store: Store, workspace_id: str) -> PriceSources:
    with store.reading() as connection:
        rates = RateTable(currency_rates.list_all(connection, workspace_id))
        currency = cost_settings.get(connection, workspace_id).currency or ""
    return PriceSources(
        lists=load_prices(store, workspace_id),
        books=load_price_books(store, workspace_id),
        rates=rates,
        currency=currency,
        today=datetime.now(UTC).date(),
    )
