"""Writes exports as AWS and Azure lay them out, and rows of FOCUS to put into them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

PAYER = "123456789012"
COLUMNS = (
    "BillingAccountId",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ProviderName",
    "ServiceName",
    "ChargeCategory",
    "BilledCost",
    "BillingCurrency",
    "InvoiceId",
)


def focus_row(
    day: str, cost: str = "1.5", *, account: str = PAYER, **columns: str
) -> dict[str, str]:
    """Return a row of July 2026 unless `columns` set others."""
    row = dict.fromkeys(COLUMNS, "")
    row |= {
        "BillingAccountId": account,
        "BillingPeriodStart": "2026-07-01T00:00:00Z",
        "BillingPeriodEnd": "2026-08-01T00:00:00Z",
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargePeriodEnd": f"{day}T01:00:00Z",
        "ProviderName": "AWS",
        "ServiceName": "Amazon Elastic Compute Cloud",
        "ChargeCategory": "Usage",
        "BilledCost": cost,
        "BillingCurrency": "USD",
    }
    return row | columns


def csv_bytes(rows: Sequence[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def write_parquet(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def write_aws_export(
    folder: Path,
    parts: Sequence[Sequence[Mapping[str, str]]],
    *,
    month: str = "2026-07",
    execution: str = "6ddf17ff-b767-346c-b1dd-001cbeeefbfa",
    refresh: str = "",
    columns: Sequence[str] = COLUMNS,
    addresses: Sequence[str] | None = None,
) -> Path:
    """Write a refresh of the export `daily-focus` as gzipped CSV; returns its manifest.

    `refresh` is the folder of an export that creates new files at each refresh.
    """
    export = folder / "daily-focus"
    inner = f"BILLING_PERIOD={month}/{refresh}/" if refresh else f"BILLING_PERIOD={month}/"
    names = [f"daily-focus-{number:05}.csv.gz" for number in range(1, len(parts) + 1)]
    for name, rows in zip(names, parts, strict=True):
        content = csv_bytes(rows, list(rows[0]) if rows else COLUMNS)
        write(export / "data" / inner / name, gzip.compress(content))
    manifest = {
        "executionId": execution,
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:{PAYER}:export/daily-focus-1298e4fd",
        "columns": [{"name": name, "type": "string"} for name in columns],
        "dataFiles": [f"s3://bills/team/daily-focus/data/{inner}{name}" for name in names]
        if addresses is None
        else list(addresses),
        "additionalOutputFiles": [],
    }
    return write(
        export / "metadata" / inner / "daily-focus-Manifest.json", json.dumps(manifest).encode()
    )


def write_azure_run(
    folder: Path,
    parts: Sequence[Sequence[Mapping[str, str]]],
    *,
    days: tuple[str, str] = ("2026-07-01", "2026-07-21"),
    submitted: str = "2026-07-21T21:04:06.5234447Z",
    run: str = "bbac73f1-9a05-4de6-84ab-c72b568a03b4",
    dataset: str = "FocusCost",
    scope: str = "/providers/Microsoft.Billing/billingAccounts/1234567",
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """Write a run of the export `focus` as CSV; returns its manifest. `changes` replace fields."""
    inner = f"root/focus/20260701-20260731/{run}"
    names = [f"part_0_{number:04}.csv" for number in range(1, len(parts) + 1)]
    contents = [csv_bytes(rows, list(rows[0]) if rows else COLUMNS) for rows in parts]
    for name, content in zip(names, contents, strict=True):
        write(folder / inner / name, content)
    manifest = {
        "manifestVersion": "2024-04-01",
        "byteCount": sum(map(len, contents)),
        "blobCount": len(parts),
        "dataRowCount": sum(map(len, parts)),
        "exportConfig": {
            "exportName": "focus",
            "resourceId": f"{scope}/providers/Microsoft.CostManagement/exports/focus",
            "dataVersion": "1.2-preview",
            "apiVersion": "2023-07-01-preview",
            "type": dataset,
            "timeFrame": "MonthToDate",
            "granularity": "Daily",
        },
        "deliveryConfig": {"partitionData": True, "fileFormat": "Csv", "compressionMode": "None"},
        "runInfo": {
            "executionType": "Scheduled",
            "submittedTime": submitted,
            "runId": run,
            "startDate": f"{days[0]}T00:00:00",
            "endDate": f"{days[1]}T00:00:00Z",
        },
        "blobs": [
            {"blobName": f"{inner}/{name}", "byteCount": len(content), "dataRowCount": len(rows)}
            for name, content, rows in zip(names, contents, parts, strict=True)
        ],
    } | dict(changes or {})
    return write(folder / inner / "manifest.json", json.dumps(manifest).encode())
