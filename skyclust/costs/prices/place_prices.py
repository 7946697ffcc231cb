"""What an instance costs an hour in each place of a placement, as far as it is known.

The cloud's list price comes first, then a price book. What the account paid for other instances is
no price of a new one: commitments that cover those may not cover it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from skyclust.costs.money import exact_text
from skyclust.costs.price_books.book import BookVersion
from skyclust.costs.price_books.quotes import QuotedInstance, quote
from skyclust.costs.prices.lookup import PriceList, price_text
from skyclust.costs.rates.table import RateTable
from skyclust.model.list_price import PricedKind, PriceItem, PriceUnit
from skyclust.model.placement import Place, PlacePrice


@dataclass(frozen=True)
class PlacedType:
    """An instance type that is offered in a region of a place."""

    place: Place
    provider: str
    region: str
    type: str
    cores: int
    memory_gib: Decimal

    @property
    def item(self) -> PriceItem:
        """What its list price is of."""
        return PriceItem(PricedKind.INSTANCE, self.region, self.type)


@dataclass(frozen=True)
class PriceSources:
    """Where prices are from; `currency` is that of the workspace, empty where it has none."""

    lists: PriceList
    books: Sequence[BookVersion]
    rates: RateTable
    currency: str
    today: date


def place_prices(
    offers: Sequence[PlacedType], sources: PriceSources
) -> Mapping[tuple[Place, str], PlacePrice]:
    """Return the known prices by place and region, in one currency where rates allow it.

    That is the workspace's currency, else the most frequent one. A price without a rate keeps its
    currency.
    """
    found = {
        (offer.place, offer.region): price
        for offer in offers
        if (price := _by_list(offer, sources) or _by_book(offer, sources)) is not None
    }
    currencies = sorted(price.currency for price in found.values())
    target = sources.currency or max(currencies, key=currencies.count, default="")
    return {key: _converted(price, target, sources) for key, price in found.items()}


def _by_list(offer: PlacedType, sources: PriceSources) -> PlacePrice | None:
    price = sources.lists.find(offer.provider, offer.item)
    if price is None or price.unit is not PriceUnit.HOUR:
        return None
    source = price_text(price, sources.today)
    return PlacePrice(hourly=price.amount, currency=price.currency, source=source)


def _by_book(offer: PlacedType, sources: PriceSources) -> PlacePrice | None:
    wanted = QuotedInstance(offer.type, Decimal(offer.cores), offer.memory_gib)
    for saved in sources.books:
        covers = saved.book.covers
        if (
            offer.provider not in covers.providers
            or (covers.credentials and offer.place.credential not in covers.credentials)
            or (covers.regions and offer.region not in covers.regions)
        ):
            continue
        quoted = quote(saved.book, wanted, sources.today)
        if quoted is not None:
            source = f"price book {saved.label} on {sources.today}"
            return PlacePrice(hourly=quoted.hourly, currency=quoted.currency, source=source)
    return None


def _converted(price: PlacePrice, currency: str, sources: PriceSources) -> PlacePrice:
    rate = sources.rates.rate(price.currency, currency, sources.today)
    if rate is None or price.currency == currency:
        return price
    hourly = (price.hourly * rate).quantize(Decimal("0.000001"))
    source = f"{price.source}, {exact_text(price.hourly)} {price.currency} converted"
    return PlacePrice(hourly=hourly, currency=currency, source=source)
