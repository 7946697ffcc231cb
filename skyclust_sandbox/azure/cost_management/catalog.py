"""Azure's names of services, its prices and its billing account, for the bill of the estate.

Prices are of the size that the retail price API (https://prices.azure.com) has.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from skyclust_sandbox.azure.compute.virtual_machine_sizes import SIZES
from skyclust_sandbox.azure.locations import LOCATIONS
from skyclust_sandbox.azure.tenants import MAIN_TENANT
from skyclust_sandbox.billing.catalog import Catalog, Meter, Service

ENROLLMENT: Final = "/providers/Microsoft.Billing/billingAccounts/7310912"
"""The billing account: an Enterprise Agreement, whose exports have no InvoiceId."""

SUBSCRIPTION_ID: Final = f"/subscriptions/{MAIN_TENANT.subscription}"
_CORE_HOUR: Final = Decimal("0.0480")
_SAVINGS_PLAN: Final = (
    "/providers/microsoft.billingbenefits/savingsplanorders/5a0d2c31-0000-4000-8000-000000000001"
    "/savingsplans/5a0d2c31-0000-4000-8000-000000000002"
)

_SERVICES: Final = {
    Meter.COMPUTE: Service(
        "Virtual Machines",
        "Compute",
        "Virtual Machines",
        "Hours",
        _CORE_HOUR * 2,
        "microsoft.compute/virtualmachines",
    ),
    Meter.DISK: Service(
        "Storage",
        "Storage",
        "Block Storage",
        "GB-Months",
        Decimal("0.15"),
        "microsoft.compute/disks",
    ),
    Meter.SNAPSHOT: Service(
        "Storage",
        "Storage",
        "Backup Storage",
        "GB-Months",
        Decimal("0.05"),
        "microsoft.compute/snapshots",
    ),
    Meter.ADDRESS: Service(
        "Virtual Network",
        "Networking",
        "Network Connectivity",
        "Hours",
        Decimal("0.005"),
        "microsoft.network/publicipaddresses",
    ),
    Meter.EGRESS: Service(
        "Bandwidth",
        "Networking",
        "Content Delivery",
        "GB",
        Decimal("0.087"),
        "microsoft.compute/virtualmachines",
    ),
    Meter.SUPPORT: Service("Azure Support", "Other", "Other (Other)"),
    Meter.TAX: Service("Tax", "Other", "Other (Other)"),
    Meter.CREDIT: Service("Credits", "Other", "Other (Other)"),
    Meter.COMMITMENT: Service("Azure Savings Plan for Compute", "Compute", "Virtual Machines"),
}

CATALOG: Final = Catalog(
    provider="Microsoft",
    invoice_issuer="Microsoft",
    billing_account_id=ENROLLMENT,
    billing_account_name=MAIN_TENANT.name,
    billing_account_type="Billing Account",
    services=_SERVICES,
    sub_account_type="Subscription",
    sub_accounts={SUBSCRIPTION_ID: MAIN_TENANT.subscription_name},
    region_names={location.name: location.display_name for location in LOCATIONS.values()},
    instance_prices={
        size.name: _CORE_HOUR * size.cores * (Decimal(5) if size.gpus else Decimal(1))
        for size in SIZES.values()
    },
    commitment_id=_SAVINGS_PLAN,
    commitment_name="compute-savings-plan",
    commitment_type="Savings Plan",
)
