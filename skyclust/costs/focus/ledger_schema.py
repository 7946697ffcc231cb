"""The columns of the ledger: every column of FOCUS 1.0 to 1.4, with its Arrow type.

A slice has all of them, in this order, then the `x_` columns of its source as text. A column that
the source does not deliver is null in every row. JSON columns (`Tags`, ...) hold the JSON text as
it was delivered, or made from the delivered map.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

AMOUNT: Final = pa.decimal128(38, 12)
"""The type of every number: exact, with 12 digits behind the point (skyclust.store.decimals)."""

TIME: Final = pa.timestamp("us", tz="UTC")

AMOUNTS: Final = (
    "BilledCost",
    "CommitmentDiscountQuantity",
    "ConsumedQuantity",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "ListCost",
    "ListUnitPrice",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
)

COSTS: Final = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")
"""The numbers that are added up."""

TIMES: Final = ("BillingPeriodEnd", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart")

TEXTS: Final = (
    "AllocatedMethodDetails",
    "AllocatedMethodId",
    "AllocatedResourceId",
    "AllocatedResourceName",
    "AllocatedTags",
    "AvailabilityZone",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "CommitmentProgramEligibilityDetails",
    "ConsumedUnit",
    "ContractApplied",
    "HostProviderName",
    "InvoiceDetailId",
    "InvoiceId",
    "InvoiceIssuerName",
    "PricingCategory",
    "PricingCurrency",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceProviderName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "Tags",
)

LEDGER_SCHEMA: Final = pa.schema(
    sorted(
        [
            *((name, AMOUNT) for name in AMOUNTS),
            *((name, TIME) for name in TIMES),
            *((name, pa.string()) for name in TEXTS),
        ]
    )
)
"""The 67 columns of the ledger, sorted by name."""
