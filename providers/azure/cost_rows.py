"""Costs of the query API as rows of FOCUS 1.2.

Source: https://learn.microsoft.com/en-us/cloud-computing/finops/focus/mapping, which maps the
values of Cost Management to those of FOCUS.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from providers.azure.cost_queries import ChargeKey
from providers.azure.cost_regions import region_id
from skyclust.contract import BillingPeriod, CostMetric

FOCUS_VERSION: Final = "1.2"

_CATEGORIES: Final[Mapping[str, str]] = {
    "usage": "Usage",
    "unusedreservation": "Usage",
    "unusedsavingsplan": "Usage",
    "refund": "Usage",
    "purchase": "Purchase",
    "tax": "Tax",
    "credit": "Credit",
}
_PRICING: Final[Mapping[str, str]] = {
    "ondemand": "Standard",
    "reservation": "Committed",
    "savingsplan": "Committed",
    "spot": "Dynamic",
}
# Category and type of a commitment, by the pricing model of what it covers.
_COMMITMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "reservation": ("Usage", "Reservation"),
    "savingsplan": ("Spend", "Savings Plan"),
}
_SERVICE_CATEGORIES: Final[Mapping[str, str]] = {
    "azure app service": "Web",
    "azure cosmos db": "Databases",
    "azure database for mysql": "Databases",
    "azure database for postgresql": "Databases",
    "azure dns": "Networking",
    "azure firewall": "Networking",
    "azure kubernetes service": "Compute",
    "azure monitor": "Management and Governance",
    "backup": "Storage",
    "bandwidth": "Networking",
    "container instances": "Compute",
    "container registry": "Compute",
    "key vault": "Security",
    "load balancer": "Networking",
    "log analytics": "Management and Governance",
    "microsoft defender for cloud": "Security",
    "nat gateway": "Networking",
    "sql database": "Databases",
    "storage": "Storage",
    "virtual machines": "Compute",
    "virtual machines licenses": "Compute",
    "virtual network": "Networking",
    "vpn gateway": "Networking",
}
"""FOCUS has one category for each service; a service that is not here is "Other"."""


def to_row(
    key: ChargeKey,
    amounts: Mapping[CostMetric, Decimal],
    period: BillingPeriod,
    subscription: str,
    account: str,
) -> dict[str, object]:
    """Return the charges of a key as one row; list and contracted cost are not known.

    `subscription` is its path, `account` the id of the billing account. A charge that Azure reports
    in one metric only costs nothing in the other.
    """
    resource = key.label("ResourceId")
    charge_type = key.label("ChargeType") or ""
    location = key.label("ResourceLocation")
    return {
        "BilledCost": amounts.get(CostMetric.BILLED, Decimal(0)),
        "EffectiveCost": amounts.get(CostMetric.EFFECTIVE, Decimal(0)),
        "ListCost": None,
        "ContractedCost": None,
        "BillingAccountId": account,
        "BillingAccountType": "Subscription" if account == subscription else None,
        "BillingCurrency": key.currency,
        "BillingPeriodStart": _midnight(period.start),
        "BillingPeriodEnd": _midnight(period.end),
        "ChargePeriodStart": _midnight(key.day),
        "ChargePeriodEnd": _midnight(key.day + timedelta(days=1)),
        "InvoiceId": None,
        "InvoiceIssuerName": "Microsoft",
        "ProviderName": "Microsoft",
        "RegionId": region_id(location),
        "RegionName": location if region_id(location) else None,
        "ResourceId": resource,
        "ResourceName": resource.rpartition("/")[2] if resource else None,
        "ResourceType": resource_type(resource),
        "ServiceName": key.label("ServiceName"),
        "ServiceCategory": _SERVICE_CATEGORIES.get(
            (key.label("ServiceName") or "").lower(), "Other"
        ),
        "SubAccountId": subscription,
        "SubAccountType": "Subscription",
        **_charge(charge_type, key),
        "x_ChargeType": charge_type or None,
    }


def charge_category(charge_type: str) -> str:
    """Return the category of a type of charge; that of a type that Azure adds is Adjustment.

    A refund is of usage, but for that of a reservation or savings plan, which is of a purchase.
    """
    return _CATEGORIES.get(charge_type.lower(), "Adjustment")


def resource_type(resource_id: str | None) -> str | None:
    """Return the type in a resource id: `microsoft.compute/virtualmachines`."""
    _, found, rest = (resource_id or "").lower().rpartition("/providers/")
    namespace, *segments = rest.split("/")
    return "/".join([namespace, *segments[::2]]) if found and segments else None


def _charge(charge_type: str, key: ChargeKey) -> dict[str, object]:
    """Return the columns that follow from the type of charge and its pricing model."""
    kind = charge_type.lower()
    model = (key.label("PricingModel") or "").lower()
    if kind == "unusedreservation":
        model = "reservation"
    elif kind == "unusedsavingsplan":
        model = "savingsplan"
    commitment_category, commitment_type = _COMMITMENTS.get(model, (None, None))
    category = charge_category(charge_type)
    if kind == "refund" and commitment_type:
        category = "Purchase"
    status = None
    if commitment_type and category == "Usage":
        status = "Unused" if kind.startswith("unused") else "Used"
    return {
        "ChargeCategory": category,
        "ChargeClass": "Correction" if kind == "refund" else None,
        "PricingCategory": _PRICING.get(model) if category in {"Usage", "Purchase"} else None,
        "CommitmentDiscountCategory": commitment_category,
        "CommitmentDiscountId": key.label("BenefitId") if commitment_type else None,
        "CommitmentDiscountName": key.label("BenefitName") if commitment_type else None,
        "CommitmentDiscountStatus": status,
        "CommitmentDiscountType": commitment_type,
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
