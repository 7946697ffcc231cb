"""What a resize would save: the price of today less the price of the smaller type.

Both prices are of one basis: what the account paid, else a list of prices. The smaller type's is
what other instances of the credential paid for it; else it is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from skyclust.costs.advice.paid_costs import MonthlyCost, PaidCosts, monthly_cost
from skyclust.costs.advice.records import UNKNOWN_SAVING, PriceBasis, Saving
from skyclust.costs.advice.savings import Prices, saving_of
from skyclust.costs.resource_matching import resource_key
from skyclust.model.instance import InstanceState
from skyclust.model.instance_metrics import InstanceSize
from skyclust.model.resource import ResourceKind
from skyclust.model.stored import StoredResource

LEAST_PEER_DAYS: Final = 7
"""Days for which another instance is known to run unchanged before its price counts."""

NOT_CHEAPER: Final = "the smaller type is not cheaper by the prices that are known"


def resize_saving(prices: Prices, instance: StoredResource, size: InstanceSize) -> Saving:
    """Return what an instance saves in 30 days as the smaller size."""
    changed = prices.estate.resized.get(resource_key(instance))
    paid = _paid(prices, instance, changed.date() + timedelta(1) if changed else None)
    if paid is not None and paid.covered:
        # What no commitment pays of it may be covered after a resize: only zero is certain.
        amount = paid.amount if not paid.amount else None
        remark = "a commitment pays for it, which goes on"
        return Saving(amount, paid.currency, PriceBasis.PAID, True, (*paid.remarks, remark))
    peer = _peer_price(prices, instance, size, paid)
    if paid is not None and paid.amount is not None and peer is not None:
        own = Saving(paid.amount, paid.currency, PriceBasis.PAID, remarks=paid.remarks)
        return _difference(own, peer)
    listed = replace(prices, paid=PaidCosts({}, {}))
    return _difference(saving_of(listed, instance), saving_of(listed, _resized(instance, size)))


def _peer_price(
    prices: Prices, instance: StoredResource, size: InstanceSize, paid: MonthlyCost | None
) -> Saving | None:
    """Return the highest price that the credential paid for an instance of the smaller type."""
    if paid is None:
        return None
    known: list[tuple[Decimal, str]] = []
    for peer in _peers(prices, instance, size):
        since = prices.estate.unchanged_since(peer).date()
        if (prices.today - since).days < LEAST_PEER_DAYS:
            continue
        cost = _paid(prices, peer, since + timedelta(1))
        if cost is not None and cost.amount and not cost.covered and cost.currency == paid.currency:
            known.append((cost.amount, peer.name or peer.id))
    if not known:
        return None
    amount, name = max(known)
    remark = f"{size.type} costs what was paid for {name}"
    return Saving(amount, paid.currency, PriceBasis.PAID, remarks=(remark,))


def _peers(
    prices: Prices, instance: StoredResource, size: InstanceSize
) -> Iterator[StoredResource]:
    """Yield the running instances of the smaller type that are bought in the same way."""
    bought = ("platform", "lifecycle")
    for one in prices.estate.resources:
        if (
            one.kind is ResourceKind.INSTANCE
            and (one.credential, one.region) == (instance.credential, instance.region)
            and one.state == InstanceState.RUNNING.value
            and one.attributes.get("type") == size.type
            and all(one.attributes.get(key) == instance.attributes.get(key) for key in bought)
        ):
            yield one


def _paid(prices: Prices, resource: StoredResource, since: date | None) -> MonthlyCost | None:
    billed = prices.matches.billed_ids.get(resource_key(resource), ())
    return monthly_cost(prices.paid, billed, since=since)


def _resized(instance: StoredResource, size: InstanceSize) -> StoredResource:
    """Return an instance as it would be in the smaller size."""
    attributes = {**instance.attributes, "type": size.type}
    for name, value in (("cores", size.cores), ("memory_mib", size.memory_mib)):
        if name in attributes:
            attributes[name] = value
    return instance.model_copy(update={"attributes": attributes})


def _difference(now: Saving, then: Saving) -> Saving:
    """Return the first price less the second; unknown where they cannot be compared."""
    if now.amount is None or then.amount is None:
        return UNKNOWN_SAVING
    if (now.currency, now.basis) != (then.currency, then.basis):
        return UNKNOWN_SAVING
    remarks = tuple(dict.fromkeys((*now.remarks, *then.remarks)))
    if now.amount <= then.amount:
        return replace(UNKNOWN_SAVING, remarks=(*remarks, NOT_CHEAPER))
    return Saving(now.amount - then.amount, now.currency, now.basis, remarks=remarks)
