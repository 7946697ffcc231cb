"""The charges of a bill as Cost Management reports them: costs by metric, values of dimensions.

Sources: https://learn.microsoft.com/en-us/rest/api/cost-management/query/usage and
https://learn.microsoft.com/en-us/cloud-computing/finops/focus/mapping
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from skyclust_sandbox.azure.tenants import MAIN_TENANT
from skyclust_sandbox.billing.rows import Charge

# Names of locations in bills, which differ from those of Resource Manager.
_BILLED_LOCATIONS: Final = {
    "eastus": "US East",
    "germanywestcentral": "DE West Central",
    "northcentralus": "US North Central",
    "northeurope": "EU North",
    "southeastasia": "AP Southeast",
    "westeurope": "EU West",
    "westus": "US West",
    "westus3": "US West 3",
}


def metric_cost(charge: Charge, query_type: str) -> Decimal | None:
    """Return the cost of a charge in a query of this type, None if the query lacks the charge.

    The unused part of a savings plan is a charge of the amortized costs only, its purchase one of
    the actual costs only.
    """
    unused = charge.common["CommitmentDiscountStatus"] == "Unused"
    commitment = charge.common["CommitmentDiscountId"] is not None
    purchase = commitment and charge.common["ChargeCategory"] == "Purchase"
    if query_type == "AmortizedCost":
        return None if purchase else charge.effective_cost
    return None if unused else charge.billed_cost


def _text(column: str) -> Callable[[Charge], str]:
    return lambda charge: str(charge.common[column] or "")


def charge_type(charge: Charge) -> str:
    """Return the type of a charge in Azure's words."""
    if charge.correction:
        return "Refund"
    if charge.common["CommitmentDiscountStatus"] == "Unused":
        return "UnusedSavingsPlan"
    return str(charge.common["ChargeCategory"])


def _pricing_model(charge: Charge) -> str:
    if charge.common["CommitmentDiscountId"] is not None:
        return "SavingsPlan"
    return "OnDemand" if charge.common["PricingCategory"] is not None else ""


def _location(charge: Charge) -> str:
    region = str(charge.common["RegionId"] or "")
    return _BILLED_LOCATIONS.get(region, region or "Unassigned")


def _group(charge: Charge) -> str:
    parts = str(charge.common["ResourceId"] or "").split("/")
    return parts[4] if len(parts) > 4 and parts[3].lower() == "resourcegroups" else ""


def _frequency(charge: Charge) -> str:
    names = {"One-Time": "OneTime", "Usage-Based": "UsageBased"}
    frequency = str(charge.common["ChargeFrequency"])
    return names.get(frequency, frequency)


DIMENSIONS: Final[Mapping[str, Callable[[Charge], str]]] = {
    "BenefitId": _text("CommitmentDiscountId"),
    "BenefitName": _text("CommitmentDiscountName"),
    "ChargeType": charge_type,
    "Frequency": _frequency,
    "Meter": _text("SkuMeter"),
    "MeterCategory": _text("ServiceName"),
    "MeterSubcategory": _text("ServiceSubcategory"),
    "PricingModel": _pricing_model,
    "PublisherType": lambda _: "Microsoft",
    "ResourceGroup": _group,
    "ResourceGroupName": _group,
    "ResourceId": _text("ResourceId"),
    "ResourceLocation": _location,
    "ResourceType": _text("ResourceType"),
    "ServiceName": _text("ServiceName"),
    "SubscriptionId": lambda _: MAIN_TENANT.subscription,
    "SubscriptionName": lambda _: MAIN_TENANT.subscription_name,
}
"""The dimensions of the scope, each with its value of a charge; empty where it has none."""


def tag_value(charge: Charge, key: str) -> str:
    """Return the value of a tag, whose key ignores case; empty for a charge without it."""
    tags: Mapping[str, str] = json.loads(str(charge.common["Tags"] or "{}"))
    return next((value for name, value in tags.items() if name.lower() == key.lower()), "")
