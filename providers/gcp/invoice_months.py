"""What the FOCUS billing export has of each invoice month, and how a change of it shows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from providers.gcp.billing_rows import to_decimal, to_period, to_time
from providers.gcp.billing_table import Column
from skyclust.contract import BillingPeriod
from skyclust.errors import UnexpectedAnswer


@dataclass
class InvoiceMonth:
    """What one account has in one invoice month: in all currencies together, and the sums."""

    account: str
    period: BillingPeriod
    first_day: date
    last_day: date
    exported_at: datetime
    row_count: int = 0
    sums: dict[str, tuple[Decimal | None, Decimal | None]] = field(default_factory=dict)
    """By currency: billed and effective cost; None where no row has one."""


def to_months(rows: Sequence[Mapping[str, Any]]) -> list[InvoiceMonth]:
    """Return the month of each account and month, from rows by currency.

    Raises UnexpectedAnswer for a row without an account, a currency, a count or a time.
    """
    months: dict[tuple[str, date], InvoiceMonth] = {}
    for row in rows:
        account, currency, count = row["BillingAccountId"], row["BillingCurrency"], row["row_count"]
        if not account or not currency or not isinstance(count, int):
            raise UnexpectedAnswer(
                "A month of the billing export has no account, currency or count.", provider="gcp"
            )
        period = to_period(row["invoice_year"], row["invoice_month"])
        first = to_time(row["first_charge"], "ChargePeriodStart").date()
        last = to_time(row["last_charge"], "ChargePeriodStart").date()
        exported_at = to_time(row["exported_at"], "x_ExportTime")
        known = months.setdefault(
            (account, period.start), InvoiceMonth(account, period, first, last, exported_at)
        )
        known.first_day = min(known.first_day, first)
        known.last_day = max(known.last_day, last)
        known.exported_at = max(known.exported_at, exported_at)
        known.row_count += count
        known.sums[currency] = (
            to_decimal(row["billed_cost"], "BilledCost"),
            to_decimal(row["effective_cost"], "EffectiveCost"),
        )
    return list(months.values())


def fingerprint(columns: Sequence[Column], month: InvoiceMonth) -> str:
    """Return a hash of what is known of a month without reading its rows, and of the columns."""
    parts = [
        month.account,
        str(month.period),
        month.exported_at.isoformat(),
        str(month.row_count),
        *(
            f"{currency} {'-' if amount is None else format(amount.normalize(), 'f')}"
            for currency, amounts in sorted(month.sums.items())
            for amount in amounts
        ),
        *(f"{column.name} {column.type}" for column in columns),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
