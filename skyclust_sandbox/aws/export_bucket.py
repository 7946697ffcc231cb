"""The bucket to which AWS Data Exports deliver the bill, as FOCUS 1.2 with AWS columns.

The layout and the manifest are those of
https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html with overwriting
of the earlier refresh: parts first, the manifest last. Costs are doubles, `Tags` is a map
(https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-focus-1-2-aws-columns.html).
"""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from moto.s3.models import s3_backends

from skyclust_sandbox.aws.accounts import MAIN_ACCOUNT, PARTITION
from skyclust_sandbox.aws.credential import EXPORT_ADDRESS
from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.billing.rows import COLUMNS

BUCKET, PREFIX, EXPORT = EXPORT_ADDRESS.removeprefix("s3://").split("/")
REGION: Final = "us-east-1"

_PARTS: Final = 2
_MAPS: Final = ("Tags", "x_Discounts")
_AWS_COLUMNS: Final = ("x_Discounts", "x_Operation", "x_ServiceCode")


@dataclass
class ExportBucket:
    """Delivers each period of the bill that is new or has changed since its last delivery."""

    _delivered: dict[date, tuple[object, Publication]] = field(default_factory=dict)

    def refresh(self, bill: Bill, publication: Publication) -> None:
        """Deliver what is published; the caller holds the lock of the cloud."""
        backend = s3_backends[MAIN_ACCOUNT.id][PARTITION]
        if BUCKET not in backend.buckets:
            backend.create_bucket(BUCKET, REGION)
        for period in bill.periods():
            delivered = self._delivered.get(period)
            if delivered is not None and delivered[0] is bill:
                before, now = (bill.charges(period, p) for p in (delivered[1], publication))
                if delivered[1] == publication or before == now:
                    continue
            _deliver(backend, bill, period, publication)
            self._delivered[period] = (bill, publication)

    def clear(self) -> None:
        """Forget what was delivered; the bucket is gone with the other state of moto."""
        self._delivered.clear()


def _deliver(backend: Any, bill: Bill, period: date, publication: Publication) -> None:
    rows = list(bill.rows(period, publication))
    partition = f"BILLING_PERIOD={period:%Y-%m}"
    size = -(-len(rows) // _PARTS) or 1
    keys: list[str] = []
    for number, start in enumerate(range(0, len(rows), size), start=1):
        name = f"{EXPORT}-{number:05d}.snappy.parquet"
        keys.append(f"{PREFIX}/{EXPORT}/data/{partition}/{name}")
        backend.put_object(BUCKET, keys[-1], to_parquet(rows[start : start + size]))
    manifest = json.dumps(_manifest(keys)).encode()
    backend.put_object(
        BUCKET, f"{PREFIX}/{EXPORT}/metadata/{partition}/{EXPORT}-Manifest.json", manifest
    )


def _manifest(keys: Sequence[str]) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return {
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:{MAIN_ACCOUNT.id}:export/{EXPORT}-1",
        "executionId": str(uuid.uuid4()),
        "executionCreatedTime": now,
        "queryStatement": "SELECT * FROM FOCUS_1_2_AWS",
        "contentType": "application/parquet",
        "compression": "PARQUET",
        "columns": [{"name": name, "type": _type_name(name)} for name in COLUMNS + _AWS_COLUMNS],
        "dataFiles": [f"s3://{BUCKET}/{key}" for key in keys],
    }


def _type_name(column: str) -> str:
    if column in _MAPS:
        return "map<string, string>"
    if column.endswith(("Cost", "Quantity", "Price")):
        return "double"
    return "timestamp" if column.endswith(("Start", "End")) else "string"


def to_parquet(rows: Sequence[dict[str, object]]) -> bytes:
    """Return rows as a parquet file with the types of AWS."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import, and needed for exports only
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    types = {
        "double": pa.float64(),
        "string": pa.string(),
        "timestamp": pa.timestamp("ms", tz="UTC"),
        "map<string, string>": pa.map_(pa.string(), pa.string()),
    }
    columns = {
        name: pa.array([_value(row.get(name), name) for row in rows], types[_type_name(name)])
        for name in COLUMNS + _AWS_COLUMNS
    }
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def _value(value: object, column: str) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if column in _MAPS and isinstance(value, str):
        return list(json.loads(value).items())
    return value
