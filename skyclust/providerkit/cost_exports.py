"""What exports of billing data have in common: their files, their columns, their identity."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from skyclust.errors import InvalidRequest
from skyclust.providerkit.native_bills import refuse_native_bill
from skyclust.providerkit.object_store import StoredObject

FOCUS_COLUMNS: Final = frozenset({"billedcost", "billingaccountid", "chargeperiodstart"})
"""Columns that every version of FOCUS requires, in lower case
(https://focus.finops.org/focus-specification/)."""

_NEW_IN: Final = (
    ("1.4", {"invoicedetailid", "commitmentprogrameligibilitydetails"}),
    ("1.3", {"serviceprovidername", "hostprovidername", "contractapplied", "allocatedmethodid"}),
    ("1.2", {"invoiceid", "billingaccounttype", "subaccounttype", "pricingcurrency"}),
    ("1.1", {"servicesubcategory", "skumeter", "skupricedetails", "capacityreservationid"}),
)
"""Columns by the version of FOCUS that added them, in lower case, the newest first."""


@dataclass(frozen=True)
class ExportedFile:
    """A data file of an export: the stored object, and the rows that the manifest says it has."""

    item: StoredObject
    rows: int | None = None


@dataclass(frozen=True)
class CostExport:
    """One refresh of an export of FOCUS rows, as its manifest describes it.

    `period_start` and `period_end` are the billing period, `complete_from` and `complete_to` the
    charge days that the export claims; both are half open. `owner` is the account that the export
    belongs to, where the manifest says it: the payer's, or a member's whose rows name the payer.
    `scope` is what the export covers, where the manifest says that (Azure: a resource id).
    `fingerprint` was made of the manifest and the files' ETags; no file was read.
    """

    name: str
    manifest: str
    period_start: date
    period_end: date
    complete_from: date
    complete_to: date
    produced_at: datetime
    files: Sequence[ExportedFile]
    fingerprint: str
    focus_version: str
    owner: str | None = None
    scope: str = ""


def plain_name(column: str) -> str:
    """Return a column's name as it is compared: in lower case, without spaces and underscores."""
    return column.strip().lower().replace("_", "").replace(" ", "")


def focus_version_of(columns: Iterable[str]) -> str:
    """Return the newest version of FOCUS that added one of the columns, "1.0" where none did."""
    names = {plain_name(name) for name in columns}
    return next((version for version, added in _NEW_IN if names & added), "1.0")


def refuse_other_columns(columns: Iterable[str], *, of: str) -> None:
    """Raise InvalidRequest, with what to export instead, unless the columns are those of FOCUS.

    `of` names the manifest or file in the error.
    """
    names = list(columns)
    missing = FOCUS_COLUMNS - {plain_name(name) for name in names}
    if not missing:
        return
    refuse_native_bill(names, of=of)
    raise InvalidRequest(
        f"{of} does not hold FOCUS rows: it lacks the columns {', '.join(sorted(missing))}.",
        hint="Import a FOCUS export: CSV, gzipped CSV or parquet, with the column names of FOCUS.",
    )


def export_fingerprint(identity: Sequence[str], files: Iterable[ExportedFile]) -> str:
    """Return a hash of an export's identity and of the name, size and ETag of each file."""
    digest = hashlib.sha256()
    named = sorted((file.item.name, str(file.item.size), file.item.etag) for file in files)
    for text in (*identity, *(text for entry in named for text in entry)):
        encoded = text.encode()
        digest.update(f"{len(encoded)}:".encode() + encoded)
    return digest.hexdigest()
