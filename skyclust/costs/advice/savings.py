"""What advice would save: by what was paid, a list price, a price book, else it is not known.

List prices are those that were read before: advice never waits for a cloud.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from skyclust.costs.advice.estate import Estate
from skyclust.costs.advice.list_prices import HOURS, by_list_price
from skyclust.costs.advice.paid_costs import MonthlyCost, PaidCosts, monthly_cost
from skyclust.costs.advice.records import UNKNOWN_SAVING, PriceBasis, Saving
from skyclust.costs.price_books.book import BookVersion
from skyclust.costs.price_books.quotes import quote_resource
from skyclust.costs.prices.lookup import PriceList
from skyclust.costs.resource_matching import Matches, resource_key
from skyclust.model.instance import InstanceState
from skyclust.model.resource import ResourceKind
from skyclust.model.resource_period import ResourcePeriod
from skyclust.model.stored import StoredResource


@dataclass(frozen=True)
class Prices:
    """What the savings of a workspace are computed from."""

    estate: Estate
    paid: PaidCosts
    matches: Matches
    books: Sequence[BookVersion]
    today: date
    lists: PriceList = field(default_factory=PriceList)


def saving_of(prices: Prices, resource: StoredResource) -> Saving:
    """Return what goes away with a resource.

    A stopped instance costs what its disks and addresses cost, and what was paid for itself since
    it was stopped; not what it cost while it ran.
    """
    stopped = InstanceState.STOPPED.value
    if resource.kind is not ResourceKind.INSTANCE or resource.state != stopped:
        return _own(prices, resource)
    parts = [_own(prices, one) for one in _parts(prices.estate, resource)]
    since = prices.estate.unchanged_since(resource).date() + timedelta(1)
    own = _paid(prices, resource, since)
    if own is not None and (own.amount or own.covered):
        parts.append(_to_saving(own))
    elif own is None and resource.attributes.get("billed"):
        parts.append(UNKNOWN_SAVING)
    return _together(parts)


def _own(prices: Prices, resource: StoredResource) -> Saving:
    paid = _paid(prices, resource)
    if paid is not None and (paid.amount is not None or paid.covered):
        return _to_saving(paid)
    listed = by_list_price(prices.lists, resource, prices.today)
    if listed is not None and listed.amount is not None:
        return listed
    unknown = (*(paid.remarks if paid else ()), *(listed.remarks if listed else ()))
    saved = _by_book(prices, resource)
    return saved or Saving(None, "", PriceBasis.UNKNOWN, remarks=unknown)


def _paid(
    prices: Prices, resource: StoredResource, since: date | None = None
) -> MonthlyCost | None:
    billed = prices.matches.billed_ids.get(resource_key(resource), ())
    return monthly_cost(prices.paid, billed, since=since)


def _to_saving(paid: MonthlyCost) -> Saving:
    remarks = paid.remarks
    if paid.covered:
        remarks = (*remarks, "a commitment pays for it, which goes on")
    return Saving(paid.amount, paid.currency, PriceBasis.PAID, paid.covered, remarks)


def _by_book(prices: Prices, resource: StoredResource) -> Saving | None:
    for saved in prices.books:
        covers = saved.book.covers
        if (
            resource.provider not in covers.providers
            or (covers.credentials and resource.credential not in covers.credentials)
            or (covers.regions and resource.region not in covers.regions)
        ):
            continue
        quoted = quote_resource(saved.book, as_period(resource), prices.today)
        if quoted is not None:
            return Saving(
                quoted.hourly * HOURS,
                quoted.currency,
                PriceBasis.PRICE_BOOK,
                remarks=(f"price book {saved.label} on {prices.today}",),
            )
    return None


def as_period(resource: StoredResource) -> ResourcePeriod:
    """Return a resource as it is now, as price books rate it."""
    names = ("credential", "provider", "region", "id", "name", "zone", "state", "tags")
    return ResourcePeriod(
        **{name: getattr(resource, name) for name in names},
        kind=resource.kind.value,
        attributes=resource.attributes,
        valid_from=resource.observed_at,
        valid_to=None,
    )


def _parts(estate: Estate, instance: StoredResource) -> list[StoredResource]:
    """Return the disks and addresses of an instance."""
    return [
        one
        for one in estate.resources
        if one.kind in {ResourceKind.DISK, ResourceKind.ADDRESS}
        and (one.credential, one.region) == (instance.credential, instance.region)
        and (
            instance.id in (one.attributes.get("attached_to") or ())
            or one.attributes.get("owner") == instance.id
        )
    ]


def _together(parts: Sequence[Saving]) -> Saving:
    """Return the savings of all parts; unknown where none is known, or two currencies meet."""
    known = [one for one in parts if one.amount is not None]
    currencies = {one.currency for one in known if one.currency}
    if not known or len(currencies) > 1:
        return UNKNOWN_SAVING
    remarks = [remark for one in known for remark in one.remarks]
    if len(known) < len(parts):
        remarks.append(f"without {len(parts) - len(known)} of {len(parts)} parts: price not known")
    return Saving(
        amount=sum((one.amount for one in known if one.amount is not None), Decimal(0)),
        currency=next(iter(currencies), ""),
        basis=max((one.basis for one in known), key=list(PriceBasis).index),
        covered=any(one.covered for one in known),
        remarks=tuple(dict.fromkeys(remarks)),
    )
