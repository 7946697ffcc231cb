"""Reports of clouds that are not FOCUS, recognized by their columns and refused with advice.

Columns: https://docs.aws.amazon.com/cur/latest/userguide/data-dictionary.html,
https://learn.microsoft.com/azure/cost-management-billing/automate/understand-usage-details-fields,
https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/standard-usage.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from skyclust.errors import InvalidRequest


@dataclass(frozen=True)
class NativeFormat:
    """A report that is not FOCUS: its name, the columns that it alone has, and what to do."""

    name: str
    columns: re.Pattern[str]
    hint: str


NATIVE_FORMATS: Final = (
    NativeFormat(
        "an AWS Cost and Usage Report",
        re.compile(
            r"(identity|bill|lineitem|product|pricing|reservation|savingsplan)/\w+"
            r"|(identity|bill|line_item|savings_plan)_[a-z]+_[a-z_]+",
            re.IGNORECASE,
        ),
        "Create an export of the table `FOCUS 1.2 with AWS columns` in AWS Data Exports, and import"
        " that.",
    ),
    NativeFormat(
        "an Azure actual or amortized cost file",
        re.compile(
            r"CostIn(Billing|Pricing)Currency|CostIn(Usd|BillingCurrency)|PreTaxCost|ActualCost"
            r"|AmortizedCost|Meter(Id|Name|Category|Sub-?Category|Region)|PayGPrice",
            re.IGNORECASE,
        ),
        "Create an export of the type `Cost and usage details (FOCUS)` in Azure Cost Management,"
        " and import that.",
    ),
    NativeFormat(
        "a Google Cloud standard or detailed usage export",
        re.compile(r"usage_(start|end)_time|(service|sku|project|invoice|usage)\.\w+|sku_id"),
        "Read the table `gcp_billing_export_focus_*` of the FOCUS export instead.",
    ),
)


def refuse_native(names: Sequence[str], origin: str) -> None:
    """Raise InvalidRequest if a file is a report of a cloud that is not FOCUS.

    Columns that begin with `x_` say nothing: Azure keeps its own columns under such names.
    """
    for native in NATIVE_FORMATS:
        for name in names:
            if native.columns.fullmatch(name.strip().replace(" ", "")):
                raise InvalidRequest(
                    f"{origin} is {native.name} (column {name[:60]!r}), not FOCUS.",
                    hint=native.hint,
                )
