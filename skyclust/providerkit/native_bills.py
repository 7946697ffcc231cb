"""Bills of clouds that are not FOCUS, recognized by their columns and refused with advice.

Columns: https://docs.aws.amazon.com/cur/latest/userguide/data-dictionary.html,
https://learn.microsoft.com/azure/cost-management-billing/automate/understand-usage-details-fields,
https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/standard-usage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from skyclust.errors import InvalidRequest


@dataclass(frozen=True)
class NativeBill:
    """A bill that is not FOCUS: its name, the columns that it alone has, and what to do."""

    name: str
    columns: re.Pattern[str]
    hint: str


NATIVE_BILLS: Final = (
    NativeBill(
        "an AWS Cost and Usage Report",
        re.compile(
            r"(identity|bill|lineitem|product|pricing|reservation|savingsplan)/\w+"
            r"|(identity|bill|line_item|savings_plan)_[a-z]+_[a-z_]+",
            re.IGNORECASE,
        ),
        "Create an export of the table `FOCUS 1.2 with AWS columns` in AWS Data Exports, and import"
        " that.",
    ),
    NativeBill(
        "Azure's actual or amortized cost details",
        re.compile(
            r"CostIn(Billing|Pricing)Currency|CostIn(Usd|BillingCurrency)|PreTaxCost|ActualCost"
            r"|AmortizedCost|Meter(Id|Name|Category|Sub-?Category|Region)|PayGPrice",
            re.IGNORECASE,
        ),
        "Create an export of the type `Cost and usage details (FOCUS)` in Azure Cost Management,"
        " and import that.",
    ),
    NativeBill(
        "a Google Cloud standard or detailed usage export",
        re.compile(r"usage_(start|end)_time|(service|sku|project|invoice|usage)\.\w+|sku_id"),
        "Read the table `gcp_billing_export_focus_*` of the FOCUS export instead.",
    ),
)


def refuse_native_bill(columns: Iterable[str], *, of: str) -> None:
    """Raise InvalidRequest, with what to export instead, if the columns are of a native bill.

    `of` names the manifest or file in the error. Columns that begin with `x_` are no sign of one:
    Azure keeps its own columns under such names.
    """
    names = list(columns)
    for bill in NATIVE_BILLS:
        for name in names:
            if bill.columns.fullmatch(name.strip().replace(" ", "")):
                raise InvalidRequest(
                    f"{of} holds {bill.name} (column {name[:60]!r}), not FOCUS rows.",
                    hint=bill.hint,
                )
