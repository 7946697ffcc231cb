"""Answers of Cost Explorer as rows under FOCUS column names, and as totals.

Cost Explorer groups by two dimensions at most: rows are by service and linked account, so each
category of charges has a query of its own, by record type. Its record types are those of the
column `line_item_line_item_type`
(https://docs.aws.amazon.com/cur/latest/userguide/Lineitem-columns.html), some of them under the
names of the filter "Charge type" of Cost Explorer. Every record type is in exactly one category.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from skyclust.contract import ALL_CHARGES, BillingPeriod, CostMetric, CostTotal, FocusRow
from skyclust.errors import UnexpectedAnswer

BILLED: Final = "UnblendedCost"
"""What is billed on its day, before the amortization of fees: BilledCost of FOCUS."""

AMORTIZED: Final = "NetAmortizedCost"
"""With fees spread over what they cover, and after discounts: EffectiveCost of FOCUS."""

METRICS: Final = {CostMetric.BILLED: BILLED, CostMetric.EFFECTIVE: AMORTIZED}


@dataclass(frozen=True)
class Category:
    """A category of charges of FOCUS, with its record types; without, all that others lack."""

    charge_category: str
    record_types: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The category in small letters: "usage"."""
        return self.charge_category.lower()

    def filter(self) -> dict[str, Any]:
        """Return the filter of a query that selects the charges of the category."""
        if self.record_types:
            return _selecting(self.record_types)
        others = [name for category in CATEGORIES for name in category.record_types]
        return {"Not": _selecting(others)}


CATEGORIES: Final = (
    Category("Usage"),
    Category(
        "Purchase",
        (
            "Fee",
            "RIFee",
            "Recurring",
            "SavingsPlanRecurringFee",
            "SavingsPlanUpfrontFee",
            "Support",
            "Upfront",
        ),
    ),
    Category("Credit", ("Credit", "Refund")),
    Category("Tax", ("Tax",)),
)


def to_rows(
    page: Mapping[str, Any], account: str, period: BillingPeriod, category: Category
) -> list[FocusRow]:
    """Return the groups of a page of daily costs as rows; raises KeyError for a missing field.

    List and contracted cost are unknown to Cost Explorer.
    """
    names = _account_names(page)
    shared = {
        "BillingAccountId": account,
        "BillingPeriodStart": _midnight(period.start),
        "BillingPeriodEnd": _midnight(period.end),
        "ChargeCategory": category.charge_category,
        "ProviderName": "AWS",
        "ListCost": None,
        "ContractedCost": None,
    }
    rows: list[FocusRow] = []
    for result in page["ResultsByTime"]:
        days = result["TimePeriod"]
        for group in result["Groups"]:
            service, sub_account = group["Keys"]
            billed, currency = _amount(group["Metrics"], BILLED)
            effective, _ = _amount(group["Metrics"], AMORTIZED)
            rows.append(
                {
                    **shared,
                    "BilledCost": billed,
                    "EffectiveCost": effective,
                    "BillingCurrency": currency,
                    "ChargePeriodStart": _midnight(date.fromisoformat(days["Start"])),
                    "ChargePeriodEnd": _midnight(date.fromisoformat(days["End"])),
                    "ServiceName": service or None,
                    "SubAccountId": sub_account or None,
                    "SubAccountName": names.get(sub_account),
                }
            )
    return rows


def to_totals(
    pages: Sequence[Mapping[str, Any]], account: str, read_at: datetime
) -> Iterator[CostTotal]:
    """Yield the totals of each month, of pages of monthly costs by record type.

    A month has the total of all charges in both metrics, and the billed total of each record
    type. A month without charges has no total: Cost Explorer does not say zero, it says nothing.
    """
    sums: dict[tuple[str, CostMetric, str, str], Decimal] = defaultdict(Decimal)
    for page in pages:
        for result in page["ResultsByTime"]:
            month = result["TimePeriod"]["Start"]
            for group in result["Groups"]:
                [record_type] = group["Keys"]
                for metric, name in METRICS.items():
                    amount, currency = _amount(group["Metrics"], name)
                    sums[month, metric, ALL_CHARGES, currency] += amount
                    if metric is CostMetric.BILLED:
                        scope = f"record type {record_type}"
                        sums[month, metric, scope, currency] += amount
    for (month, metric, scope, currency), amount in sorted(sums.items()):
        yield CostTotal(
            billing_account_id=account,
            period=period_of(date.fromisoformat(month)),
            metric=metric,
            currency=currency,
            amount=amount,
            scope=scope,
            read_at=read_at,
        )


def periods_between(start: date, end: date) -> Iterator[BillingPeriod]:
    """Yield the billing periods, which are months of UTC, that overlap [start, end)."""
    period = period_of(start)
    while period.start < end:
        yield period
        period = period_of(period.end)


def period_of(day: date) -> BillingPeriod:
    """Return the month of a day."""
    first = day.replace(day=1)
    return BillingPeriod(first, date(first.year + first.month // 12, first.month % 12 + 1, 1))


def _selecting(record_types: Sequence[str]) -> dict[str, Any]:
    return {"Dimensions": {"Key": "RECORD_TYPE", "Values": sorted(record_types)}}


def _account_names(page: Mapping[str, Any]) -> dict[str, str]:
    return {
        entry["Value"]: entry["Attributes"]["description"]
        for entry in page.get("DimensionValueAttributes") or ()
        if "description" in entry.get("Attributes", {})
    }


def _amount(metrics: Mapping[str, Any], name: str) -> tuple[Decimal, str]:
    """Return the amount of a metric and its currency; amounts are texts, so nothing is rounded."""
    metric = metrics[name]
    try:
        amount = Decimal(metric["Amount"])
    except (InvalidOperation, TypeError):
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise UnexpectedAnswer(
            f"{metric['Amount']!r} is not an amount of Cost Explorer.", provider="aws"
        )
    return amount, str(metric["Unit"])


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
