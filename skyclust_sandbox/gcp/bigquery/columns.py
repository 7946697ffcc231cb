"""The columns of the FOCUS billing export, those of the preview in late 2026.

See https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/focus-export. The
export has no column of commitment discounts, invoices, service categories or resource types, and
`BillingPeriodStart` is the invoice month.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

ARROW_TYPES: Final = {
    "BOOLEAN": pa.bool_(),
    "FLOAT": pa.float64(),
    "NUMERIC": pa.decimal128(38, 9),
    "STRING": pa.string(),
    # Without a zone: DuckDB's type with one needs an extension, and all times here are in UTC.
    "TIMESTAMP": pa.timestamp("us"),
}
"""The types of BigQuery's REST API, each with that of Arrow, from which DuckDB loads the rows."""


@dataclass(frozen=True)
class Field:
    """A column or a field of a record, with the type name of the REST API."""

    name: str
    type: str = "STRING"
    repeated: bool = False
    fields: Sequence[Field] = field(default=())

    def resource(self) -> dict[str, Any]:
        """Return the field as `TableFieldSchema`."""
        resource: dict[str, Any] = {
            "name": self.name,
            "type": self.type,
            "mode": "REPEATED" if self.repeated else "NULLABLE",
        }
        if self.fields:
            resource["fields"] = [inner.resource() for inner in self.fields]
        return resource

    @property
    def arrow_type(self) -> Any:
        """The type in Arrow: a record is a struct, a repeated field a list."""
        kind = ARROW_TYPES.get(self.type)
        if self.fields:
            kind = pa.struct([(inner.name, inner.arrow_type) for inner in self.fields])
        return pa.list_(kind) if self.repeated else kind


def _pairs(name: str, *more: Field) -> Field:
    return Field(name, "RECORD", True, (Field("Key"), Field("Value"), *more))


_ANCESTOR: Final = (Field("ResourceName"), Field("DisplayName"))
_CREDIT: Final = (
    Field("Name"),
    Field("Amount", "NUMERIC"),
    Field("FullName"),
    Field("Id"),
    Field("Type"),
)
_PROJECT: Final = (
    Field("Id"),
    Field("Number"),
    Field("Name"),
    Field("AncestryNumbers"),
    Field("Ancestors", "RECORD", True, _ANCESTOR),
)
_TEXTS: Final = (
    "AvailabilityZone", "BillingAccountId", "BillingAccountType", "BillingCurrency",
    "ChargeCategory", "ChargeClass", "ChargeDescription", "ConsumedUnit", "PricingCategory",
    "PricingCurrency", "PricingUnit", "ProviderName", "PublisherName", "RegionId", "RegionName",
    "ResourceId", "ResourceName", "ServiceName", "SkuId", "SkuPriceId", "SubAccountId",
    "SubAccountName", "x_ConsumptionModelDescription", "x_ConsumptionModelId", "x_CostType",
    "x_Location", "x_ServiceId", "x_SubscriptionInstanceId",
)  # fmt: skip
_NUMBERS: Final = (
    "BilledCost", "ConsumedQuantity", "ContractedCost", "ContractedUnitPrice", "EffectiveCost",
    "ListCost", "ListUnitPrice", "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost", "PricingCurrencyListUnitPrice", "PricingQuantity",
    "x_CostAtEffectivePriceDefault", "x_CostAtListConsumptionModel",
    "x_PriceEffectivePriceDefault", "x_PriceListPriceConsumptionModel",
)  # fmt: skip
_TIMES: Final = (
    "BillingPeriodEnd", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart",
    "x_ExportTime",
)  # fmt: skip

FIELDS: Final[Sequence[Field]] = (
    *(Field(name) for name in _TEXTS),
    *(Field(name, "NUMERIC") for name in _NUMBERS),
    *(Field(name, "TIMESTAMP") for name in _TIMES),
    Field("x_CurrencyConversionRate", "FLOAT"),
    Field("x_Credits", "RECORD", True, _CREDIT),
    _pairs("x_Labels"),
    _pairs("x_ProjectLabels"),
    _pairs("x_SystemLabels"),
    _pairs("x_Tags", Field("x_Inherited", "BOOLEAN"), Field("x_Namespace")),
    Field("x_Project", "RECORD", False, _PROJECT),
)
"""The 55 columns."""
