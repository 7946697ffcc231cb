"""One charge of a bill, and its row of FOCUS 1.2."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Final

CENT_FRACTION: Final = Decimal("0.0000000001")
"""Costs have ten digits behind the point, as clouds deliver them."""

COLUMNS: Final = (
    "AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName",
    "BillingAccountType", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart",
    "CapacityReservationId", "CapacityReservationStatus", "ChargeCategory", "ChargeClass",
    "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart",
    "CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName",
    "CommitmentDiscountQuantity", "CommitmentDiscountStatus", "CommitmentDiscountType",
    "CommitmentDiscountUnit", "ConsumedQuantity", "ConsumedUnit", "ContractedCost",
    "ContractedUnitPrice", "EffectiveCost", "InvoiceId", "InvoiceIssuerName", "ListCost",
    "ListUnitPrice", "PricingCategory", "PricingCurrency",
    "PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice", "PricingQuantity", "PricingUnit", "ProviderName",
    "PublisherName", "RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType",
    "ServiceCategory", "ServiceName", "ServiceSubcategory", "SkuId", "SkuMeter",
    "SkuPriceDetails", "SkuPriceId", "SubAccountId", "SubAccountName", "SubAccountType", "Tags",
)  # fmt: skip
"""The 57 columns of FOCUS 1.2 (https://focus.finops.org/focus-specification/v1-2/)."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge: from `start` on, before `end`, in days of UTC.

    `common` has all FOCUS columns, with the values that the charges of one resource and meter
    share; `quantity` is None where nothing was consumed. `period` is the first day of the
    billing period, which is the month in which it is invoiced.
    """

    common: Mapping[str, object]
    period: date
    start: date
    end: date
    quantity: Decimal | None
    list_cost: Decimal
    contracted_cost: Decimal
    billed_cost: Decimal
    effective_cost: Decimal
    correction: bool = False

    def focus(self, invoice_id: str | None = None) -> dict[str, object]:
        """Return the row with all columns of FOCUS 1.2; times are aware, amounts Decimal."""
        row = dict(self.common)
        row.update(
            BillingPeriodStart=midnight(self.period),
            BillingPeriodEnd=midnight(next_month(self.period)),
            ChargePeriodStart=midnight(self.start),
            ChargePeriodEnd=midnight(self.end),
            ChargeClass="Correction" if self.correction else None,
            InvoiceId=invoice_id,
            BilledCost=self.billed_cost,
            EffectiveCost=self.effective_cost,
            ListCost=self.list_cost,
            ContractedCost=self.contracted_cost,
            PricingQuantity=self.quantity,
        )
        if row["CommitmentDiscountStatus"] is not None:
            row["CommitmentDiscountQuantity"] = self.effective_cost
        if row["ConsumedUnit"] is not None:
            row["ConsumedQuantity"] = self.quantity
        return row


def midnight(day: date) -> datetime:
    """Return the begin of a day in UTC."""
    return datetime.combine(day, time(), UTC)


def month_of(day: date) -> date:
    """Return the first day of the month of a day."""
    return day.replace(day=1)


@cache
def next_month(month: date) -> date:
    """Return the first day of the month after that of a day."""
    return month.replace(day=1) + timedelta(days=calendar.monthrange(month.year, month.month)[1])


def cost(quantity: Decimal, price: Decimal) -> Decimal:
    """Return the cost of a quantity, rounded as clouds do."""
    return (quantity * price).quantize(CENT_FRACTION)
