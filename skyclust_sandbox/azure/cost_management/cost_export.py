"""Exports of Cost Management (`Cost and usage details (FOCUS)`) into a local folder.

A run of an export is a folder with CSV parts and their manifest:
`<export>/<first day>-<last day of the month>/<time>/<run id>/`. As in Azure's exports, list and
contracted cost are 0 where they are not known, and an Enterprise Agreement has no InvoiceId.

Sources: https://learn.microsoft.com/en-us/azure/cost-management-billing/costs/tutorial-improved-exports
and https://learn.microsoft.com/en-us/azure/cost-management-billing/dataset-schema/cost-usage-details-focus
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from skyclust_sandbox.azure.cost_management.catalog import ENROLLMENT
from skyclust_sandbox.azure.cost_management.dimensions import DIMENSIONS
from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.billing.rows import COLUMNS, Charge, next_month

EXPORT: Final = "focus-cost"
_EXTRA_COLUMNS: Final = ("x_ResourceGroupName", "x_SkuMeterCategory", "x_SkuMeterSubcategory")
_ROWS_A_PART: Final = 10_000
_WITHOUT_LIST_COST: Final = frozenset({"Tax", "Credit", "Purchase"})


def write_cost_export(
    folder: Path,
    bill: Bill,
    period: date,
    publication: Publication = Publication.RESTATED,
    *,
    submitted: datetime | None = None,
    rows_a_part: int = _ROWS_A_PART,
) -> Path:
    """Write a run of the export for a billing period below a folder, and return its manifest.

    `period` is the first day of a month. A run of the same publication at another time
    (`submitted`, now by default) has another folder.
    """
    submitted = (submitted or datetime.now(UTC)).astimezone(UTC)
    first = max(period, bill.first_day)
    last = min(next_month(period), bill.today) - timedelta(days=1)
    run_id = str(uuid5(NAMESPACE_URL, f"{EXPORT}/{period}/{publication.name}/{submitted}"))
    month = f"{period:%Y%m%d}-{next_month(period) - timedelta(days=1):%Y%m%d}"
    inner = f"{EXPORT}/{month}/{submitted:%Y%m%d%H%M}/{run_id}"
    target = folder / inner
    target.mkdir(parents=True, exist_ok=True)
    blobs: list[Mapping[str, object]] = []
    rows = _rows(bill.charges(period, publication))
    while part := list(islice(rows, rows_a_part)):
        content = _csv(part)
        name = f"part_0_{len(blobs) + 1:04}.csv"
        (target / name).write_bytes(content)
        blob = {"blobName": f"{inner}/{name}", "byteCount": len(content), "dataRowCount": len(part)}
        blobs.append(blob)
    manifest = target / "manifest.json"
    document = {
        **_manifest(blobs, is_open=period >= bill.open_period),
        "runInfo": {
            "executionType": "Scheduled",
            "submittedTime": f"{submitted:%Y-%m-%dT%H:%M:%S.%f}0Z",
            "runId": run_id,
            "startDate": f"{first}T00:00:00",
            "endDate": f"{last}T00:00:00Z",
        },
        "blobs": blobs,
    }
    manifest.write_text(json.dumps(document, indent=2))
    return manifest


def _manifest(blobs: Sequence[Mapping[str, object]], *, is_open: bool) -> dict[str, object]:
    def total(field: str) -> int:
        return sum(int(str(blob[field])) for blob in blobs)

    return {
        "manifestVersion": "2024-04-01",
        "byteCount": total("byteCount"),
        "blobCount": len(blobs),
        "dataRowCount": total("dataRowCount"),
        "exportConfig": {
            "exportName": EXPORT,
            "resourceId": f"{ENROLLMENT}/providers/Microsoft.CostManagement/exports/{EXPORT}",
            "dataVersion": "1.2-preview",
            "apiVersion": "2023-07-01-preview",
            "type": "FocusCost",
            "timeFrame": "MonthToDate" if is_open else "TheLastMonth",
            "granularity": "Daily",
        },
        "deliveryConfig": {
            "partitionData": True,
            "dataOverwriteBehavior": "CreateNewReport",
            "fileFormat": "Csv",
            "compressionMode": "None",
            "containerUri": None,
            "rootFolderPath": "",
        },
    }


def _rows(charges: Sequence[Charge]) -> Iterator[list[str]]:
    for charge in charges:
        row = charge.focus()
        if row["ChargeCategory"] in _WITHOUT_LIST_COST:
            row.update(ListCost=Decimal(0), ContractedCost=Decimal(0))
            row.update(ListUnitPrice=Decimal(0), ContractedUnitPrice=Decimal(0))
        row.update(
            x_ResourceGroupName=DIMENSIONS["ResourceGroupName"](charge),
            x_SkuMeterCategory=DIMENSIONS["MeterCategory"](charge),
            x_SkuMeterSubcategory=DIMENSIONS["MeterSubcategory"](charge),
        )
        yield [_text(row[column]) for column in (*COLUMNS, *_EXTRA_COLUMNS)]


def _text(value: object) -> str:
    """Return a value as Azure writes it: amounts are doubles, times have minutes."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%MZ}"
    return repr(float(value)) if isinstance(value, Decimal) else str(value)


def _csv(rows: Sequence[list[str]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow((*COLUMNS, *_EXTRA_COLUMNS))
    writer.writerows(rows)
    return stream.getvalue().encode()
