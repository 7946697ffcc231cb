"""The daily usage charges of resources: compute hours, storage, addresses and network egress."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from skyclust_sandbox.billing.catalog import Catalog, Meter, Service
from skyclust_sandbox.billing.resources import BilledKind, BilledResource
from skyclust_sandbox.billing.rows import COLUMNS, Charge, cost, midnight, month_of

METERS: Final[Mapping[BilledKind, Meter]] = {
    BilledKind.INSTANCE: Meter.COMPUTE,
    BilledKind.DISK: Meter.DISK,
    BilledKind.SNAPSHOT: Meter.SNAPSHOT,
    BilledKind.ADDRESS: Meter.ADDRESS,
}

OWN_CHARGES: Final = 300
"""Up to so many disks and snapshots each have charges of their own."""

_OFFICE_HOURS: Final = Decimal(11)
_EGRESS_GIB: Final = 40.0
_WEEKEND_EGRESS: Final = 0.6
_GIB_MONTH_DAYS: Final = Decimal(30)
_SPIKE_FACTOR: Final = 60
_SPIKE_DAYS: Final = 3


def usage_charges(
    catalog: Catalog,
    resources: Sequence[BilledResource],
    days: Sequence[date],
    *,
    seed: int,
    spike: date,
) -> Iterator[Charge]:
    """Yield the usage charges of the days, all at the list price.

    From `spike` on, one instance sends a multiple of its usual data for three days.
    """
    public = [resource for resource in resources if resource.public]
    for resource in public:
        yield from _egress(catalog, resource, days, seed, spike if resource is public[0] else None)
    for resource in _grouped(resources):
        yield from _metered(catalog, resource, days, seed)


def common_columns(catalog: Catalog, service: Service, meter: Meter) -> dict[str, object]:
    """Return all columns, with the values that all usage charges of a meter share."""
    currency = catalog.currency
    return dict.fromkeys(COLUMNS) | {
        "BillingAccountId": catalog.billing_account_id,
        "BillingAccountName": catalog.billing_account_name,
        "BillingAccountType": catalog.billing_account_type,
        "BillingCurrency": currency,
        "PricingCurrency": currency,
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ConsumedUnit": service.unit,
        "PricingUnit": service.unit,
        "PricingCategory": "Standard",
        "InvoiceIssuerName": catalog.invoice_issuer,
        "ProviderName": catalog.provider,
        "PublisherName": catalog.provider,
        "ResourceType": service.resource_type,
        "ServiceCategory": service.category,
        "ServiceName": service.name,
        "ServiceSubcategory": service.subcategory,
        "SkuMeter": meter.value,
    }


def _columns(
    catalog: Catalog, resource: BilledResource, meter: Meter, price: Decimal
) -> dict[str, object]:
    service = catalog.services[meter]
    sku = f"{service.name}/{meter}/{resource.type}/{resource.region}".lower().replace(" ", "-")
    account = resource.sub_account
    region = resource.region or None
    return {
        **common_columns(catalog, service, meter),
        "AvailabilityZone": resource.zone,
        "ChargeDescription": f"{service.name}: {meter} of {resource.type} by {service.unit}",
        "ContractedUnitPrice": price,
        "ListUnitPrice": price,
        "RegionId": region,
        "RegionName": catalog.region_names.get(resource.region, region),
        "ResourceId": resource.id or None,
        "ResourceName": resource.name,
        "ResourceType": service.resource_type if resource.id else None,
        "SkuId": sku,
        "SkuPriceId": f"{sku}/on-demand",
        "SubAccountId": account,
        "SubAccountName": catalog.sub_accounts.get(account) if account else None,
        "SubAccountType": catalog.sub_account_type if account else None,
        "Tags": json.dumps(dict(resource.tags), sort_keys=True) if resource.tags else None,
    }


def _grouped(resources: Sequence[BilledResource]) -> Iterator[BilledResource]:
    """Yield the resources; of many, the storage of running instances is charged by region.

    Charges without a resource keep the team and environment of their resources.
    """
    stored = [r for r in resources if r.kind in {BilledKind.DISK, BilledKind.SNAPSHOT}]
    if len(stored) <= OWN_CHARGES:
        yield from resources
        return
    stopped = {resource.id for resource in resources if resource.stopped_at is not None}
    groups: dict[tuple[object, ...], BilledResource] = {}
    for resource in resources:
        own = resource.kind in {BilledKind.INSTANCE, BilledKind.ADDRESS} or (
            resource.kind is BilledKind.DISK
            and (resource.attached_to is None or resource.attached_to in stopped)
        )
        if own:
            yield resource
            continue
        tags = {key: resource.tags[key] for key in ("team",) if key in resource.tags}
        key = (resource.kind, resource.type, resource.region, resource.sub_account, *tags.values())
        size = resource.size_gb + (groups[key].size_gb if key in groups else 0)
        groups[key] = replace(
            resource, id="", name=None, zone=None, tags=tags, size_gb=size, attached_to=None
        )
    yield from groups.values()


def _metered(
    catalog: Catalog, resource: BilledResource, days: Iterable[date], seed: int
) -> Iterator[Charge]:
    meter = METERS[resource.kind]
    service = catalog.services[meter]
    price = catalog.hour_price(resource.type) if meter is Meter.COMPUTE else service.price
    columns = _columns(catalog, resource, meter, price)
    rng = _generator(seed, resource, meter)
    for day in days:
        noise = rng.random()
        hours = _billed_hours(resource, day)
        if meter is Meter.COMPUTE:
            quantity = min(hours, _hours_on(resource, day, noise))
        elif meter is Meter.ADDRESS:
            quantity = hours
        else:
            share = hours / (24 * _GIB_MONTH_DAYS)
            quantity = (resource.size_gb * share).quantize(Decimal("0.000001"))
        if quantity > 0:
            yield usage_charge(columns, day, quantity, price)


def usage_charge(
    columns: Mapping[str, object], day: date, quantity: Decimal, price: Decimal
) -> Charge:
    """Return the charge of one day at a price that is list, contracted and effective price."""
    amount = cost(quantity, price)
    end = day + timedelta(days=1)
    return Charge(columns, month_of(day), day, end, quantity, amount, amount, amount, amount)


def _hours_on(resource: BilledResource, day: date, noise: float) -> Decimal:
    """Return the hours that an instance runs in a day: development sleeps at night."""
    environment = resource.tags.get("environment", "")
    if environment.startswith("dev"):
        if day.weekday() >= 5:
            return Decimal(0) if noise < 0.8 else Decimal(4)
        return _OFFICE_HOURS + int(noise * 3)
    if environment.startswith("stag") and day.weekday() >= 5:
        return Decimal(12)
    return Decimal(24) if noise < 0.97 else Decimal(22)


def _billed_hours(resource: BilledResource, day: date) -> Decimal:
    """Return the whole hours of a day that a resource was there, and not stopped."""
    if resource.created_at.date() < day and resource.stopped_at is None:
        return Decimal(24)
    begin, end = midnight(day), midnight(day + timedelta(days=1))
    created = resource.created_at.astimezone(UTC)
    until: datetime = end if resource.stopped_at is None else min(end, resource.stopped_at)
    seconds = (until - max(begin, created)).total_seconds()
    return Decimal(max(0, int(seconds // 3600)))


def _egress(
    catalog: Catalog,
    resource: BilledResource,
    days: Iterable[date],
    seed: int,
    spike: date | None,
) -> Iterator[Charge]:
    price = catalog.services[Meter.EGRESS].price
    columns = _columns(catalog, resource, Meter.EGRESS, price)
    rng = _generator(seed, resource, Meter.EGRESS)
    usual = _EGRESS_GIB * rng.uniform(0.2, 2.0)
    for day in days:
        weekday = _WEEKEND_EGRESS if day.weekday() >= 5 else 1.0
        gib = usual * weekday * max(0.3, rng.gauss(1.0, 0.08))
        if spike is not None and spike <= day < spike + timedelta(days=_SPIKE_DAYS):
            gib *= _SPIKE_FACTOR
        if _billed_hours(resource, day) > 0:
            yield usage_charge(columns, day, Decimal(f"{gib:.6f}"), price)


def _generator(seed: int, resource: BilledResource, meter: Meter) -> random.Random:
    identity = resource.id or f"{resource.kind}/{resource.type}/{resource.region}"
    return random.Random(f"{seed}/{identity}/{meter}")  # noqa: S311 - a plan, not a secret
