"""A bill of generated FOCUS rows as CSV: 45 columns, a month, the same seed gives the same bytes.

Times, accounts, services, resources and tags repeat as in a bill; amounts and quantities do not.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

PERIOD: Final = (date(2026, 1, 1), date(2026, 2, 1))
DAYS: Final = 31
ACCOUNT: Final = "111122223333"
_BLOCK: Final = 100_000
"""Rows that are made at once."""


def write_bill(path: Path, rows: int, *, changed_day: int | None = None) -> None:
    """Write a bill of so many rows, in the order of days; amounts of one day may be others."""
    written = 0
    with path.open("wb") as sink:
        for begin in range(0, rows, _BLOCK):
            table = bill_rows(begin, min(begin + _BLOCK, rows), rows, changed_day=changed_day)
            options = csv.WriteOptions(include_header=written == 0)
            csv.write_csv(table, sink, options)
            written += table.num_rows


def bill_rows(begin: int, end: int, rows: int, *, changed_day: int | None = None) -> Any:
    """Return the rows [begin, end) of a bill of `rows` rows as a table of 45 columns of text."""
    random = np.random.default_rng([7, begin])
    count = end - begin
    place = np.arange(begin, end)
    day = place * DAYS // rows
    hour = random.integers(0, 24, count)
    resource = random.integers(0, 33_000, count)
    service = resource % 40
    cents = random.integers(1, 10**9, count)
    if changed_day is not None:
        cents = np.where(day == changed_day, cents + 1, cents)
    starts = _times(PERIOD[0])
    amount = _decimal(cents, 8)
    discounted = _decimal(cents * 3 // 4, 8)
    columns: dict[str, Any] = {
        "AvailabilityZone": _named("eu-central-1{}", resource % 3, "abc"),
        "BilledCost": amount,
        "BillingAccountId": _same(ACCOUNT, count),
        "BillingAccountName": _same("Company", count),
        "BillingAccountType": _same("Payer", count),
        "BillingCurrency": _same("USD", count),
        "BillingPeriodEnd": _same("2026-02-01T00:00:00Z", count),
        "BillingPeriodStart": _same("2026-01-01T00:00:00Z", count),
        "ChargeCategory": _same("Usage", count),
        "ChargeClass": _same("", count),
        "ChargeDescription": _numbered("$0.0416 per On Demand hour of type {} in eu", service, 40),
        "ChargeFrequency": _same("Usage-Based", count),
        "ChargePeriodEnd": starts.take(pa.array(day * 24 + hour + 1)),
        "ChargePeriodStart": starts.take(pa.array(day * 24 + hour)),
        "CommitmentDiscountCategory": _same("", count),
        "CommitmentDiscountId": _same("", count),
        "CommitmentDiscountName": _same("", count),
        "CommitmentDiscountStatus": _same("", count),
        "CommitmentDiscountType": _same("", count),
        "ConsumedQuantity": _decimal(random.integers(1, 10**7, count), 4),
        "ConsumedUnit": _same("Hours", count),
        "ContractedCost": discounted,
        "ContractedUnitPrice": _decimal(service + 1, 4),
        "EffectiveCost": discounted,
        "InvoiceIssuerName": _same("Amazon Web Services, Inc.", count),
        "ListCost": amount,
        "ListUnitPrice": _decimal(service + 2, 4),
        "PricingCategory": _same("Standard", count),
        "PricingQuantity": _decimal(random.integers(1, 10**7, count), 4),
        "PricingUnit": _same("Hours", count),
        "ProviderName": _same("AWS", count),
        "PublisherName": _same("Amazon Web Services, Inc.", count),
        "RegionId": _numbered("region-{}", resource % 17, 17),
        "RegionName": _numbered("Region number {}", resource % 17, 17),
        "ResourceId": _numbered("arn:aws:ec2:eu:111122223333:instance/i-{:017x}", resource, 33_000),
        "ResourceName": _numbered("machine-{}", resource, 33_000),
        "ResourceType": _same("instance", count),
        "ServiceCategory": _numbered("Category {}", service % 8, 8),
        "ServiceName": _numbered("Amazon Service Number {}", service, 40),
        "SkuId": _numbered("SKU{:012d}", resource % 500, 500),
        "SkuPriceId": _numbered("SKU{:012d}.JRTCKXETXF.6YS6EN2CT7", resource % 500, 500),
        "SubAccountId": _numbered("{:012d}", resource % 20, 20),
        "SubAccountName": _numbered("account-{}", resource % 20, 20),
        "Tags": _numbered(
            '{{"team": "team-{0}", "environment": "production", "owner": "owner-{0}"}}',
            resource % 60,
            60,
        ),
        "x_Operation": _numbered("RunInstances:{:04d}", service, 40),
    }
    return pa.table(columns)


def _same(text: str, count: int) -> Any:
    return pa.repeat(text or None, count) if text else pa.nulls(count, pa.string())


def _numbered(form: str, numbers: Any, count: int) -> Any:
    return pa.array([form.format(number) for number in range(count)]).take(pa.array(numbers))


def _named(form: str, numbers: Any, names: str) -> Any:
    return pa.array([form.format(name) for name in names]).take(pa.array(numbers))


def _decimal(numbers: Any, digits: int) -> Any:
    """Return whole numbers as text with so many digits behind the point."""
    padded = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), digits + 1, "0")
    return pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(padded, 0, -digits), pc.utf8_slice_codeunits(padded, -digits), "."
    )


def _times(first: date) -> Any:
    midnight = datetime.combine(first, time(), UTC)
    return pa.array(
        [
            (midnight + timedelta(hours=n)).strftime("%Y-%m-%dT%H:%M:%SZ")
            for n in range(DAYS * 24 + 1)
        ]
    )
