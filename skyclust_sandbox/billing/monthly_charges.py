"""What a bill has beside usage, once a month: support, credits, a correction, and tax."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from skyclust_sandbox.billing.catalog import Catalog, Meter
from skyclust_sandbox.billing.rows import Charge, next_month
from skyclust_sandbox.billing.usage import common_columns

_CENT: Final = Decimal("0.01")
_SUPPORT_SHARE: Final = Decimal("0.03")
_LEAST_SUPPORT: Final = Decimal(29)
_CREDIT: Final = Decimal(150)
_LARGEST_CREDIT_SHARE: Final = Decimal("0.1")
_CORRECTION_SHARE: Final = Decimal("0.002")


def monthly_charges(
    catalog: Catalog, month: date, first_day: date, charges: Sequence[Charge], *, is_open: bool
) -> Iterator[Charge]:
    """Yield the charges of a month that follow from its other charges.

    All begin with the month, or with `first_day` in it. The open month has a correction of the
    month before, closed months have a credit. Tax is last, and taxes the billed cost of all.
    """
    start = max(month, first_day)
    used = sum((charge.list_cost for charge in charges if _is_usage(charge)), Decimal(0))
    if not used:
        return
    support = max(_LEAST_SUPPORT, used * _SUPPORT_SHARE).quantize(_CENT)
    first = [_once(catalog, Meter.SUPPORT, month, (start, next_month(month)), support)]
    if is_open:
        day = (start, start + timedelta(days=1))
        amount = -(used * _CORRECTION_SHARE).quantize(_CENT)
        first.append(_once(catalog, Meter.EGRESS, month, day, amount))
    else:
        amount = -min(_CREDIT, used * _LARGEST_CREDIT_SHARE).quantize(_CENT)
        first.append(_once(catalog, Meter.CREDIT, month, (start, next_month(month)), amount))
    yield from first
    taxed = sum((charge.billed_cost for charge in (*charges, *first)), Decimal(0))
    tax = (taxed * catalog.tax_rate).quantize(_CENT)
    yield _once(catalog, Meter.TAX, month, (start, next_month(month)), tax)


def _is_usage(charge: Charge) -> bool:
    return charge.common["ChargeCategory"] == "Usage"


def _once(
    catalog: Catalog, meter: Meter, month: date, days: tuple[date, date], amount: Decimal
) -> Charge:
    """Return a charge whose four costs are equal."""
    category, frequency, description = _KINDS[meter]
    service = catalog.services[meter]
    is_correction = meter is Meter.EGRESS
    is_support = meter is Meter.SUPPORT
    sku = f"{service.name}/{meter}".lower().replace(" ", "-") if is_support else None
    columns = {
        **common_columns(catalog, service, meter),
        "ChargeCategory": category,
        "ChargeFrequency": frequency,
        "ChargeDescription": description,
        "ConsumedUnit": None,
        "PricingCategory": "Standard" if is_support else None,
        "PricingUnit": "Month" if is_support else None,
        "ListUnitPrice": amount if is_support else None,
        "ContractedUnitPrice": amount if is_support else None,
        "ResourceType": None,
        "SkuId": sku,
        "SkuMeter": meter.value if is_support else None,
        "SkuPriceId": f"{sku}/month" if sku else None,
    }
    quantity = Decimal(1) if is_support else None
    return Charge(
        columns, month, *days, quantity, amount, amount, amount, amount, correction=is_correction
    )


_KINDS: Final = {
    Meter.SUPPORT: ("Purchase", "Recurring", "Support plan"),
    Meter.CREDIT: ("Credit", "One-Time", "Promotional credit"),
    Meter.EGRESS: ("Usage", "Usage-Based", "Correction of the network egress of the last month"),
    Meter.TAX: ("Tax", "Recurring", "Tax"),
}
