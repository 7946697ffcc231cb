"""Rated points as rows of FOCUS.

Source of the columns: https://focus.finops.org/focus-specification/v1-2/
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from providers.openstack.fields import inner
from providers.openstack.rated_points import RatedHour
from skyclust.contract.cost import BillingPeriod, FocusRow
from skyclust.errors import UnexpectedAnswer

PROVIDER: Final = "openstack"
FOCUS_VERSION: Final = "1.2"

_TWELVE_DIGITS: Final = Decimal("1E-12")

_SERVICES: Final = (
    ("instance", "Nova", "Compute", "Virtual Machines"),
    ("cpu", "Nova", "Compute", "Virtual Machines"),
    ("ram", "Nova", "Compute", "Virtual Machines"),
    ("volume", "Cinder", "Storage", "Block Storage"),
    ("snapshot", "Cinder", "Storage", "Backup Storage"),
    ("image", "Glance", "Storage", "Other (Storage)"),
    ("storage", "Swift", "Storage", "Object Storage"),
    ("radosgw", "Swift", "Storage", "Object Storage"),
    ("ip.", "Neutron", "Networking", "Network Infrastructure"),
    ("network", "Neutron", "Networking", "Network Infrastructure"),
)
"""The service of a metric by how its name begins. The names are those of CloudKitty's example of
a configuration (etc/cloudkitty/metrics.yml); an operator may choose others."""


@dataclass(frozen=True)
class RatedProject:
    """The billing account of the rows, and the currency of the prices."""

    account: str
    currency: str


def to_row(region: str, project: RatedProject, hour: RatedHour) -> FocusRow:
    """Return a rated point as a row of FOCUS 1.2; raises UnexpectedAnswer without a price.

    CloudKitty knows one amount: the price of the point, which is all four costs.
    """
    rating, volume = inner(hour.point, "rating"), inner(hour.point, "vol")
    groupby = inner(hour.point, "groupby")
    cost = to_amount(rating.get("price"))
    quantity = None if volume.get("qty") is None else to_amount(volume["qty"])
    unit = str(volume.get("unit") or "") or None
    owner = str(groupby.get("project_id") or groupby.get("tenant_id") or project.account)
    name, category, subcategory = _service(hour.metric)
    month = month_of(hour.begin.date())
    return {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ListCost": cost,
        "ContractedCost": cost,
        "BillingAccountId": project.account,
        "BillingAccountName": project.account,
        "BillingAccountType": "Project",
        "BillingCurrency": project.currency,
        "PricingCurrency": project.currency,
        "BillingPeriodStart": midnight(month.start),
        "BillingPeriodEnd": midnight(month.end),
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": hour.metric,
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": hour.begin,
        "ChargePeriodEnd": hour.end,
        "ConsumedQuantity": quantity,
        "ConsumedUnit": unit,
        "PricingQuantity": quantity,
        "PricingUnit": unit,
        "PricingCategory": "Standard",
        "InvoiceIssuerName": "CloudKitty",
        "ProviderName": "OpenStack",
        "PublisherName": "OpenStack",
        "RegionId": region,
        "RegionName": region,
        "ResourceId": _text(groupby, "id") or _text(groupby, "resource_id"),
        "ResourceName": _text(inner(hour.point, "metadata"), "name"),
        "ResourceType": hour.metric,
        "ServiceName": name,
        "ServiceCategory": category,
        "ServiceSubcategory": subcategory,
        "SkuMeter": hour.metric,
        "SubAccountId": owner,
        "SubAccountName": owner,
        "SubAccountType": "Project",
        "x_PricedFrom": "cloudkitty",
    }


def to_amount(value: object) -> Decimal:
    """Return a number of JSON by its shortest representation, with 12 digits behind the point.

    Raises UnexpectedAnswer for anything else: an amount that is not known is not zero.
    """
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        with suppress(ArithmeticError):
            amount = Decimal(str(value)).quantize(_TWELVE_DIGITS, ROUND_HALF_EVEN)
            if amount.is_finite():
                return amount
    raise UnexpectedAnswer(
        f"CloudKitty answered {value!r} in place of a number.", provider=PROVIDER
    )


def month_of(day: date) -> BillingPeriod:
    """Return the calendar month of a day, in UTC."""
    first = day.replace(day=1)
    return BillingPeriod(first, (first + timedelta(days=31)).replace(day=1))


def midnight(day: date) -> datetime:
    """Return the begin of a day in UTC."""
    return datetime.combine(day, time(), UTC)


def _service(metric: str) -> tuple[str, str, str]:
    for begin, name, category, subcategory in _SERVICES:
        if metric.startswith(begin):
            return name, category, subcategory
    return metric, "Other", "Other (Other)"


def _text(fields: Any, name: str) -> str | None:
    value = fields.get(name)
    return str(value) if value not in {None, ""} else None
