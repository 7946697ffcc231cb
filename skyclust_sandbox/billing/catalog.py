"""What a cloud calls its services and what it charges: the table that each cloud hands in.

The service categories and subcategories are those of FOCUS 1.2
(https://focus.finops.org/focus-specification/v1-2/, columns ServiceCategory, ServiceSubcategory).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class Meter(StrEnum):
    """What a charge counts."""

    COMPUTE = "compute"
    DISK = "disk"
    SNAPSHOT = "snapshot"
    ADDRESS = "address"
    EGRESS = "egress"
    SUPPORT = "support"
    TAX = "tax"
    CREDIT = "credit"
    COMMITMENT = "commitment"


@dataclass(frozen=True)
class Service:
    """The service of a meter under the cloud's own names, and the price of one unit.

    The price of compute is that of an hour of a type without a price of its own.
    """

    name: str
    category: str
    subcategory: str
    unit: str = ""
    price: Decimal = Decimal(0)
    resource_type: str | None = None


@dataclass(frozen=True)
class Catalog:
    """A cloud's names and prices. `services` has every meter.

    `sub_accounts` has the names of the sub accounts by id. `instance_prices` are the prices of an
    hour by type. `tax_rate` is a share of the billed cost. A region's name defaults to its id.
    """

    provider: str
    invoice_issuer: str
    billing_account_id: str
    billing_account_name: str
    services: Mapping[Meter, Service]
    currency: str = "USD"
    billing_account_type: str | None = None
    sub_account_type: str | None = None
    sub_accounts: Mapping[str, str] = field(default_factory=dict)
    region_names: Mapping[str, str] = field(default_factory=dict)
    instance_prices: Mapping[str, Decimal] = field(default_factory=dict)
    tax_rate: Decimal = Decimal("0.19")
    commitment_id: str = "commitment-1"
    commitment_name: str = "Compute, one year"
    commitment_type: str = "Commitment"

    def hour_price(self, instance_type: str) -> Decimal:
        """Return the list price of an hour of an instance type."""
        known = self.instance_prices.get(instance_type)
        if known is not None:
            return known
        share = Decimal(50 + zlib.crc32(instance_type.encode()) % 400) / 100
        return self.services[Meter.COMPUTE].price * share
