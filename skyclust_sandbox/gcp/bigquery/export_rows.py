"""The bill as rows of the export: appended in three steps, and never changed.

A row that a later publication of the bill no longer has is negated by a further row, as Google
corrects. The credit of a closed month is a row of its own in the oldest month, and in all others
an item of `x_Credits` in the row of the support plan, whose billed cost contains it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.gcp.bigquery.columns import FIELDS

Row = dict[str, Any]
Charge = Mapping[str, object]
"""A row of the generator, under the columns of FOCUS 1.2."""

Identity = tuple[object, ...]

_SCALE: Final = Decimal("0.000000001")
"""NUMERIC has nine digits behind the point; the generator's costs have ten."""

_EXPORT_DELAY: Final = timedelta(hours=30)
_PUBLICATION_GAP: Final = timedelta(hours=1)
# Google's day begins at midnight in Pacific time, whose winter offset is near enough for a month.
_PACIFIC: Final = timedelta(hours=8)
_CREDIT: Final = "credit"
"""The key of a charge's credit, beside the columns."""

_NUMBERS: Final = tuple(field.name for field in FIELDS if field.type == "NUMERIC")
_PLAIN: Final = tuple(
    field.name
    for field in FIELDS
    if field.type in {"STRING", "TIMESTAMP"} and not field.name.startswith("x_")
)
_NEGATED: Final = (
    "BilledCost", "ConsumedQuantity", "ContractedCost", "EffectiveCost", "ListCost",
    "PricingCurrencyEffectiveCost", "PricingQuantity",
)  # fmt: skip
_IDENTITY: Final = (
    "ResourceId", "SkuPriceId", "RegionId", "ChargeCategory", "ChargeDescription",
    "CommitmentDiscountStatus", "PricingCategory", "Tags", "ChargePeriodStart", "ChargePeriodEnd",
    "PricingQuantity", "BilledCost", "EffectiveCost", "ListCost",
)  # fmt: skip
"""What tells two charges of one month apart."""

_COST_TYPES: Final = {"Tax": "tax", "Credit": "adjustment"}
_SERVICE_IDS: Final = {"Compute Engine": "6F81-5844-456A", "Networking": "E505-1604-58F8"}


def export_rows(bill: Bill, project_number: str) -> Iterator[tuple[Publication, Row]]:
    """Yield the rows of all periods, each with the publication that appends it."""
    for period in bill.periods():
        before: Counter[Identity] = Counter()
        known: dict[Identity, Charge] = {}
        for publication in _publications(bill, period):
            published_at = _published_at(bill.today, publication)
            charges = [
                (_identity(charge), charge) for charge in _invoiced(bill, period, publication)
            ]
            now = Counter(identity for identity, _ in charges)
            left = now - before
            for identity, charge in charges:
                known[identity] = charge
                if left[identity] > 0:
                    left[identity] -= 1
                    row = _row(charge, project_number)
                    row["x_ExportTime"] = _exported(row, publication, published_at)
                    yield publication, row
            for identity, count in (before - now).items():
                for _ in range(count):
                    yield publication, _negated(_row(known[identity], project_number), published_at)
            before = now


def _publications(bill: Bill, period: date) -> Sequence[Publication]:
    """Return the publications that change a period."""
    changing = (bill.open_period, bill.restated_period)
    return list(Publication) if period in changing else [Publication.FIRST]


def _invoiced(bill: Bill, period: date, publication: Publication) -> Iterator[Charge]:
    """Yield the charges of one invoice month, with credits where the export has them."""
    charges = list(bill.rows(period, publication))
    credit = next((each for each in charges if each["ChargeCategory"] == "Credit"), None)
    folded = credit is not None and period != bill.periods()[0]
    for charge in charges:
        if charge["ChargeCategory"] == "Credit":
            if not folded:
                yield {**charge, _CREDIT: charge["BilledCost"]}
        elif folded and credit is not None and charge["ServiceName"] == "Support":
            amount: Any = credit["BilledCost"]
            costs = {name: charge[name] + amount for name in ("BilledCost", "EffectiveCost")}
            yield {**charge, **costs, _CREDIT: amount}
        else:
            yield charge


def _row(charge: Charge, project_number: str) -> Row:
    """Return a charge under the columns of the export, without its export time."""
    row: Row = {name: charge.get(name) for name in _PLAIN}
    for name in _NUMBERS:
        amount: Any = charge.get(name)
        row[name] = None if amount is None else to_numeric(amount)
    period_start: Any = charge["BillingPeriodStart"]
    period_end: Any = charge["BillingPeriodEnd"]
    tags: Any = charge["Tags"]
    amount = charge.get(_CREDIT)
    row |= {
        "BillingPeriodStart": period_start + _PACIFIC,
        "BillingPeriodEnd": period_end + _PACIFIC,
        "PricingCurrencyEffectiveCost": row["EffectiveCost"],
        "x_CostType": _COST_TYPES.get(str(charge["ChargeCategory"]), "regular"),
        "x_Credits": [] if amount is None else [_credit(amount)],
        "x_CurrencyConversionRate": 1.0,
        "x_Labels": _pairs(json.loads(tags)) if tags else [],
        "x_Location": charge["RegionId"],
        "x_ServiceId": _SERVICE_IDS.get(str(charge["ServiceName"])),
    }
    if charge["SubAccountId"] is not None:
        row["x_ProjectLabels"] = _pairs({"owner": "finance"})
        row["x_Project"] = {
            "Id": charge["SubAccountId"],
            "Number": project_number,
            "Name": charge["SubAccountName"],
            "AncestryNumbers": "/271828182845/",
            "Ancestors": [{"ResourceName": "organizations/271828182845", "DisplayName": "acme"}],
        }
    if charge["CommitmentDiscountStatus"] is not None:
        row |= {
            "x_ConsumptionModelId": "7754-699E-0EBF",
            "x_ConsumptionModelDescription": charge["CommitmentDiscountName"],
            "x_SubscriptionInstanceId": charge["CommitmentDiscountId"],
        }
    return row


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _negated(row: Row, exported_at: datetime) -> Row:
    """Return the row that takes another one back."""
    negated = {**row, "x_ExportTime": exported_at, "ChargeClass": "Correction"}
    for name in _NEGATED:
        if row.get(name) is not None:
            negated[name] = -row[name]
    negated["x_Credits"] = [{**credit, "Amount": -credit["Amount"]} for credit in row["x_Credits"]]
    return negated


def _credit(amount: Any) -> dict[str, object]:
    return {
        "Name": "Promotional credit",
        "Amount": to_numeric(amount),
        "FullName": "Promotional credit",
        "Id": "promotion-1",
        "Type": "PROMOTION",
    }


def to_numeric(amount: Decimal) -> Decimal:
    """Return an amount as NUMERIC stores it: rounded half away from zero."""
    return amount.quantize(_SCALE, ROUND_HALF_UP)


def _identity(charge: Charge) -> Identity:
    return tuple(charge.get(name) for name in (*_IDENTITY, _CREDIT))


def _published_at(today: date, publication: Publication) -> datetime:
    """Return when a publication is out: the last hours before today, so none is in the future."""
    return datetime.combine(today, time(), UTC) - (3 - publication) * _PUBLICATION_GAP


def _exported(row: Row, publication: Publication, published_at: datetime) -> datetime:
    """Return the export time of a row: a day after its usage, or with a later publication."""
    if publication is not Publication.FIRST:
        return published_at
    usual: datetime = row["ChargePeriodStart"] + _EXPORT_DELAY
    return min(usual, published_at)
