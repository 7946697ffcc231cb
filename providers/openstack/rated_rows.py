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

_ID_KEYS: Final = ("id", "uuid", "resource_id")

_TWELVE_DIGITS: Final = Decimal("1E-12")

_SERVICES: Final = (
    ("instance", "Nova", "Compute", "Virtual Machines"),
    ("cpu", "Nova", "Compute", "Virtual Machines"),
    ("vcpus", "Nova", "Compute", "Virtual Machines"),
    ("memory", "Nova", "Compute", "Virtual Machines"),
    ("disk.", "Nova", "Compute", "Virtual Machines"),
    ("volume.snapshot.", "Cinder", "Storage", "Backup Storage"),
    ("volume.backup.", "Cinder", "Storage", "Backup Storage"),
    ("snapshot.", "Cinder", "Storage", "Backup Storage"),
    ("backup.", "Cinder", "Storage", "Backup Storage"),
    ("volume", "Cinder", "Storage", "Block Storage"),
    ("image", "Glance", "Storage", "Other (Storage)"),
    ("storage.", "Swift", "Storage", "Object Storage"),
    ("storage", "Cinder", "Storage", "Block Storage"),
    ("radosgw.", "Ceph Object Gateway", "Storage", "Object Storage"),
    ("ip.", "Neutron", "Networking", "Network Infrastructure"),
    ("network.services.lb.", "Octavia", "Networking", "Application Networking"),
    ("network.", "Neutron", "Networking", "Network Infrastructure"),
)
"""The service of a metric by how its name begins, the most exact first; an operator may choose
other names.

`instance` (the other name of `cpu`), `image.size`, `volume.size`, `network.incoming.bytes` and
`network.outgoing.bytes` (with `.rate` in newer versions), `ip.floating` and `radosgw.objects.size`
are those of CloudKitty's own configuration for Gnocchi, `storage` (of Cinder), `instance` and
`image.size` those for Prometheus
(https://opendev.org/openstack/cloudkitty/src/branch/master/etc/cloudkitty/metrics.yml and
prom_metrics.yml). The others are meters of Ceilometer that may be rated as well
(https://docs.openstack.org/ceilometer/latest/admin/telemetry-measurements.html)."""


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
        "ResourceId": _resource_id(groupby),
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


def _resource_id(groupby: Any) -> str | None:
    """Return the id of the resource: Gnocchi groups by `id`, Prometheus by `uuid`.

    A metric that is grouped by project alone has none.
    """
    return next((text for name in _ID_KEYS if (text := _text(groupby, name)) is not None), None)


def _text(fields: Any, name: str) -> str | None:
    value = fields.get(name)
    return str(value) if value not in {None, ""} else None
