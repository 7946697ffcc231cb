"""Charges as rows of FOCUS.

Source of the columns and their allowed values: https://focus.finops.org/focus-specification/v1-2/
"""

from __future__ import annotations

import json
from datetime import date
from typing import Final

from skyclust.contract.cost import FocusRow
from skyclust.costs.price_books.amounts import midnight, month_begin, month_end
from skyclust.costs.price_books.book import BookVersion
from skyclust.costs.price_books.rating import Charge
from skyclust.model.resource import ResourceKind

FOCUS_VERSION: Final = "1.2"

_SERVICES: Final = {
    ResourceKind.INSTANCE: ("Instances", "Compute", "Virtual Machines"),
    ResourceKind.DISK: ("Disks", "Storage", "Block Storage"),
    ResourceKind.SNAPSHOT: ("Snapshots", "Storage", "Backup Storage"),
    ResourceKind.IMAGE: ("Images", "Storage", "Other (Storage)"),
    ResourceKind.ADDRESS: ("Public addresses", "Networking", "Network Infrastructure"),
}
"""The name, category and subcategory of the service of each kind."""


def to_row(saved: BookVersion, account: str, charge: Charge) -> FocusRow:
    """Return a charge as a row of FOCUS 1.2.

    The four costs are equal: a price book has no discounts and no commitments. What was used and
    what is charged differ where the book has a minimum.
    """
    return {
        **_costs(saved, charge),
        **_resource(charge),
        **_period(charge.begin.date()),
        "BillingAccountId": account,
        "BillingAccountName": account,
        "BillingAccountType": "Price book",
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeFrequency": "Usage-Based",
        "ChargeDescription": _description(saved, charge),
        "ChargePeriodStart": charge.begin,
        "ChargePeriodEnd": charge.end,
        "InvoiceIssuerName": saved.book.issuer or saved.book.name,
        "PricingCategory": "Standard",
        "SkuId": f"{saved.book.name}/{charge.price.sku}",
        "SkuPriceId": f"{saved.label}/{charge.price.sku}/{charge.price.valid_from}",
        "SkuMeter": charge.price.sku,
        "x_PricedFrom": f"price-book:{saved.label}",
    }


def _costs(saved: BookVersion, charge: Charge) -> FocusRow:
    price, unit = charge.price.price, charge.price.consumed_unit
    return {
        "BillingCurrency": saved.book.currency,
        "PricingCurrency": saved.book.currency,
        "ConsumedQuantity": charge.consumed,
        "ConsumedUnit": unit,
        "PricingQuantity": charge.priced,
        "PricingUnit": unit,
        "ListUnitPrice": price,
        "ContractedUnitPrice": price,
        **dict.fromkeys(("ListCost", "ContractedCost", "BilledCost", "EffectiveCost"), charge.cost),
    }


def _resource(charge: Charge) -> FocusRow:
    resource = charge.resource
    name, category, subcategory = _SERVICES[ResourceKind(resource.kind)]
    project = resource.attributes.get("project")
    return {
        "ProviderName": resource.provider,
        "PublisherName": resource.provider,
        "RegionId": resource.region,
        "RegionName": resource.region,
        "AvailabilityZone": resource.zone,
        "ResourceId": resource.id,
        "ResourceName": resource.name or None,
        "ResourceType": resource.kind,
        "ServiceName": name,
        "ServiceCategory": category,
        "ServiceSubcategory": subcategory,
        "SubAccountId": str(project or resource.credential),
        "SubAccountName": str(project or resource.credential),
        "SubAccountType": "Project" if project else "Credential",
        "Tags": json.dumps(resource.tags, sort_keys=True, ensure_ascii=False),
    }


def _period(day: date) -> FocusRow:
    return {
        "BillingPeriodStart": midnight(month_begin(day)),
        "BillingPeriodEnd": midnight(month_end(day)),
    }


def _description(saved: BookVersion, charge: Charge) -> str:
    if charge.priced > charge.consumed:
        return f"{charge.price.sku}: up to the minimum of {saved.book.minimum_seconds} s"
    return charge.price.sku
