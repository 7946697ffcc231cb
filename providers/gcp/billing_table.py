"""The table of a FOCUS billing export in BigQuery: its name, and the columns it must have.

Google documents the table at
https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/focus-export. The
export is in preview, so that columns come and go: what is read is what the table has, and only the
columns without which a row cannot be placed are required.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from skyclust.errors import InvalidRequest

# https://cloud.google.com/resource-manager/docs/creating-managing-projects, "Before you begin".
_PROJECT: Final = re.compile(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
# https://cloud.google.com/bigquery/docs/datasets#dataset-naming
_DATASET: Final = re.compile(r"[A-Za-z0-9_]{1,1024}")
# https://cloud.google.com/bigquery/docs/tables#table_naming allows any letter of Unicode; Google's
# own names, and those of views that follow them, need no more than these.
_TABLE: Final = re.compile(r"[A-Za-z0-9_-]{1,1024}")
_NATIVE_EXPORTS: Final = ("gcp_billing_export_v1_", "gcp_billing_export_resource_v1_")

# https://cloud.google.com/bigquery/docs/schemas#column_names
_COLUMN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")

_NUMBERS: Final = frozenset({"NUMERIC", "BIGNUMERIC", "FLOAT"})
_TIMES: Final = frozenset({"TIMESTAMP"})
REQUIRED: Final[Mapping[str, frozenset[str]]] = {
    "BilledCost": _NUMBERS,
    "BillingAccountId": frozenset({"STRING"}),
    "BillingCurrency": frozenset({"STRING"}),
    "BillingPeriodStart": _TIMES,
    "ChargeCategory": frozenset({"STRING"}),
    "ChargePeriodStart": _TIMES,
    "EffectiveCost": _NUMBERS,
    "x_ExportTime": _TIMES,
}
"""The columns without which a row cannot be placed or counted, each with the types it may have."""


@dataclass(frozen=True)
class TableName:
    """The three parts of a table's name, each checked: none can end a quoted name in SQL."""

    project: str
    dataset: str
    table: str

    def __str__(self) -> str:
        return f"{self.project}.{self.dataset}.{self.table}"


@dataclass(frozen=True)
class Column:
    """A column as tables.get returns it: its legacy type name, and whether it is repeated."""

    name: str
    type: str
    repeated: bool = False
    fields: Sequence[Column] = field(default=())


def parse_table_name(text: str) -> TableName:
    """Return the parts of `project.dataset.table`.

    Raises ValueError for any other text, and for one of Google's native billing exports, whose
    columns are not those of FOCUS.
    """
    parts = text.rsplit(".", 2)
    if len(parts) != 3:
        raise ValueError("is not the full name of a table: project.dataset.table")
    project, dataset, table = parts
    for part, pattern, noun in (
        (project, _PROJECT, "the ID of a project"),
        (dataset, _DATASET, "a dataset"),
        (table, _TABLE, "a table"),
    ):
        if not pattern.fullmatch(part):
            raise ValueError(f"names {noun} with characters that such a name does not have")
    if table.startswith(_NATIVE_EXPORTS):
        raise ValueError(
            "is a native billing export: enable the FOCUS export, whose table begins with"
            " gcp_billing_export_focus_"
        )
    return TableName(project, dataset, table)


def check_columns(table: TableName, columns: Sequence[Column]) -> None:
    """Raise InvalidRequest, which names the column, for a table that is no FOCUS export."""
    known = {column.name: column for column in columns}
    for name, types in REQUIRED.items():
        column = known.get(name)
        if column is None:
            raise _not_focus(table, f"it has no column {name}")
        if column.repeated or column.type not in types:
            raise _not_focus(table, f"its column {name} is {column.type}")
    for name in known:
        if not _COLUMN.fullmatch(name):
            raise _not_focus(table, f"the name of its column {name[:40]!r} cannot be quoted")


def _not_focus(table: TableName, reason: str) -> InvalidRequest:
    return InvalidRequest(
        f"The table {table} is not a FOCUS billing export: {reason}.",
        hint="Give the table gcp_billing_export_focus_..., or a view with its columns.",
        provider="gcp",
    )
