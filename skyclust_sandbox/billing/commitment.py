"""A spend commitment: a sum a day that covers compute at a discount, used or not.

What is used and what is unused of a day adds up to the sum of the day, and a month's days to its
recurring purchase. The rules of the columns are those of FOCUS 1.2, section "Commitment
Discounts" (https://focus.finops.org/focus-specification/v1-2/): covered usage is billed with zero
and has its share of the purchase as effective cost, the purchase has an effective cost of zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from skyclust_sandbox.billing.catalog import Catalog, Meter
from skyclust_sandbox.billing.rows import CENT_FRACTION, Charge, cost, month_of, next_month
from skyclust_sandbox.billing.usage import common_columns

_PAID_SHARE: Final = Decimal("0.72")
_COVERED_SHARE: Final = Decimal("0.95")


@dataclass(frozen=True)
class Commitment:
    """A commitment to spend `day_amount` a day on compute in one region."""

    region: object
    day_amount: Decimal


def choose_commitment(usage: Sequence[Charge]) -> Commitment | None:
    """Return a commitment for the region with most compute, which it covers on usual weekdays.

    On a weekend a part of it stays unused. Returns None without compute.
    """
    by_region: dict[object, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for charge in usage:
        if charge.common["SkuMeter"] == Meter.COMPUTE:
            by_region[charge.common["RegionId"]][charge.start] += charge.list_cost
    if not by_region:
        return None
    region = max(by_region, key=lambda name: (sum(by_region[name].values()), str(name)))
    weekdays = [amount for day, amount in by_region[region].items() if day.weekday() < 5]
    usual = sorted(weekdays or by_region[region].values())[len(weekdays) // 2]
    return Commitment(region, (usual * _PAID_SHARE * _COVERED_SHARE).quantize(Decimal("0.01")))


def with_commitment(
    catalog: Catalog, commitment: Commitment | None, usage: Sequence[Charge], days: Sequence[date]
) -> Iterator[Charge]:
    """Yield the usage with its covered part at the commitment's price, and the unused rest."""
    if commitment is None:
        yield from usage
        return
    left = dict.fromkeys(days, commitment.day_amount)
    for charge in usage:
        common = charge.common
        eligible = common["SkuMeter"] == Meter.COMPUTE and common["RegionId"] == commitment.region
        if not eligible or not left[charge.start]:
            yield charge
            continue
        covered, rest = _cover(catalog, charge, left[charge.start])
        left[charge.start] -= covered.effective_cost
        yield covered
        if rest is not None:
            yield rest
    for day, amount in left.items():
        if amount:
            yield _unused(catalog, commitment, day, amount)


def purchases(
    catalog: Catalog, commitment: Commitment | None, days: Sequence[date]
) -> Iterator[Charge]:
    """Yield the recurring purchase of each month, in the open month that of the whole month."""
    if commitment is None:
        return
    for month in sorted({month_of(day) for day in days}):
        start, end = max(month, days[0]), next_month(month)
        amount = commitment.day_amount * (end - start).days
        columns = {
            **_commitment_columns(catalog, commitment),
            "ChargeCategory": "Purchase",
            "ChargeFrequency": "Recurring",
            "ChargeDescription": f"{catalog.commitment_name}: fee of {month:%Y-%m}",
            "CommitmentDiscountStatus": None,
            "ListUnitPrice": amount,
            "ContractedUnitPrice": amount,
            "PricingUnit": "Month",
        }
        yield Charge(
            columns, month, start, end, Decimal(1), amount, amount, amount, Decimal("0E-10")
        )


def _cover(catalog: Catalog, charge: Charge, left: Decimal) -> tuple[Charge, Charge | None]:
    """Split a charge into the part that the rest of the day's sum covers, and the remainder."""
    if charge.quantity is None:
        raise ValueError("A compute charge has no quantity.")
    columns = {
        **charge.common,
        **_discount_columns(catalog),
        "PricingCategory": "Committed",
        "CommitmentDiscountStatus": "Used",
        "SkuPriceId": f"{charge.common['SkuId']}/committed",
    }
    none = Decimal("0E-10")
    effective = (charge.list_cost * _PAID_SHARE).quantize(CENT_FRACTION)
    if effective <= left:
        return replace(charge, common=columns, billed_cost=none, effective_cost=effective), None
    price = Decimal(str(charge.common["ListUnitPrice"]))
    quantity = (left / _PAID_SHARE / price).quantize(Decimal("0.000001"))
    amount = cost(quantity, price)
    covered = replace(
        charge,
        common=columns,
        quantity=quantity,
        list_cost=amount,
        contracted_cost=amount,
        billed_cost=none,
        effective_cost=left,
    )
    over = charge.list_cost - amount
    rest = replace(
        charge,
        quantity=charge.quantity - quantity,
        list_cost=over,
        contracted_cost=over,
        billed_cost=over,
        effective_cost=over,
    )
    return covered, rest


def _unused(catalog: Catalog, commitment: Commitment, day: date, amount: Decimal) -> Charge:
    columns = {
        **_commitment_columns(catalog, commitment),
        "ChargeDescription": f"{catalog.commitment_name}: unused part",
        "ConsumedUnit": None,
        "PricingCategory": "Committed",
        "PricingUnit": None,
        "CommitmentDiscountStatus": "Unused",
    }
    none = Decimal("0E-10")
    end = day + timedelta(days=1)
    return Charge(columns, month_of(day), day, end, None, none, none, none, amount)


def _commitment_columns(catalog: Catalog, commitment: Commitment) -> dict[str, object]:
    service = catalog.services[Meter.COMMITMENT]
    sku = f"{service.name}/commitment".lower().replace(" ", "-")
    return {
        **common_columns(catalog, service, Meter.COMMITMENT),
        **_discount_columns(catalog),
        "ConsumedUnit": None,
        "RegionId": commitment.region,
        "RegionName": catalog.region_names.get(str(commitment.region), commitment.region),
        "ResourceId": catalog.commitment_id,
        "ResourceName": catalog.commitment_name,
        "SkuId": sku,
        "SkuPriceId": f"{sku}/one-year",
    }


def _discount_columns(catalog: Catalog) -> dict[str, object]:
    return {
        "CommitmentDiscountCategory": "Spend",
        "CommitmentDiscountId": catalog.commitment_id,
        "CommitmentDiscountName": catalog.commitment_name,
        "CommitmentDiscountType": catalog.commitment_type,
        "CommitmentDiscountUnit": catalog.currency,
    }
