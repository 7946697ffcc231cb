"""Manifests of exports in a bucket that the cloud itself writes to."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, BinaryIO

import pytest

from skyclust.errors import Conflict, InvalidRequest
from skyclust.providerkit.aws_data_exports import (
    is_data_export_manifest,
    newest_manifests,
    read_data_export,
)
from skyclust.providerkit.cost_exports import focus_version_of, refuse_other_columns
from skyclust.providerkit.object_store import (
    LARGEST_DOCUMENT,
    StoredObject,
    read_json,
    safe_parts,
)

MANIFEST = "team/daily/metadata/BILLING_PERIOD=2026-12/daily-Manifest.json"
PART = "team/daily/data/BILLING_PERIOD=2026-12/daily-00001.snappy.parquet"
MOMENT = datetime(2026, 12, 20, 6, tzinfo=UTC)
DOCUMENT: Mapping[str, Any] = {
    "executionId": "6ddf17ff",
    "exportArn": "arn:aws:bcm-data-exports:us-east-1:123456789012:export/daily-1298e4fd",
    "columns": [
        {"name": name, "type": "string"}
        for name in ("BilledCost", "BillingAccountId", "ChargePeriodStart", "ServiceSubcategory")
    ],
    "dataFiles": [f"s3://bills/{PART}"],
}


class Bucket:
    """A bucket in memory; each object was written some minutes after `MOMENT`."""

    place = "s3://bills"
    keeps_times = True

    def __init__(self, contents: Mapping[str, bytes], minutes: Mapping[str, int]) -> None:
        self._contents = contents
        self._minutes = minutes

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        for name, content in sorted(self._contents.items()):
            if name.startswith(prefix):
                modified = MOMENT + timedelta(minutes=self._minutes.get(name, 0))
                yield StoredObject(name, len(content), modified, str(hash(content)))

    @contextmanager
    def open(self, item: StoredObject) -> Iterator[BinaryIO]:
        yield io.BytesIO(self._contents[item.name])


def bucket(minutes: int = 0, document: Mapping[str, Any] = DOCUMENT) -> Bucket:
    """Return the bucket of an export whose part was written so long after its manifest."""
    contents = {MANIFEST: json.dumps(document).encode(), PART: b"PAR1"}
    return Bucket(contents, {PART: minutes})


def read(store: Bucket) -> Any:
    present = {item.name: item for item in store.list()}
    return read_data_export(store, present[MANIFEST], present)


def test_a_manifest_has_all_but_the_rows() -> None:
    export = read(bucket(minutes=-3))

    assert (export.name, export.owner, export.focus_version) == ("daily", "123456789012", "1.1")
    assert (export.period_start, export.period_end) == (date(2026, 12, 1), date(2027, 1, 1))
    assert export.produced_at == MOMENT
    assert [(file.item.name, file.rows) for file in export.files] == [(PART, None)]


def test_an_export_that_is_being_overwritten_is_read_later() -> None:
    with pytest.raises(Conflict, match=r"daily-00001\.snappy\.parquet is younger"):
        read(bucket(minutes=1))


@pytest.mark.parametrize(
    "name",
    ["daily-Manifest.json", "a/manifest.json", "x/metadata/BILLING_PERIOD=2026-1/a-Manifest.json"],
)
def test_other_names_are_no_manifests(name: str) -> None:
    assert not is_data_export_manifest(name)
    assert newest_manifests([StoredObject(name, 1, MOMENT, "")]) == []


def test_a_partition_in_lower_case_is_one_too() -> None:
    assert is_data_export_manifest("x/metadata/billing_period=2026-12/x-Manifest.json")


@pytest.mark.parametrize(
    "changes",
    [
        {"dataFiles": None},
        {"dataFiles": "s3://bills"},
        {"columns": []},
        {"columns": [{"type": "string"}]},
    ],
)
def test_a_manifest_of_another_shape_is_refused(changes: Mapping[str, Any]) -> None:
    document = {**DOCUMENT, **changes}

    with pytest.raises(InvalidRequest, match="Manifest"):
        read(bucket(document=document))


def test_a_document_larger_than_the_limit_is_refused() -> None:
    store = Bucket({"a.json": b" " * (LARGEST_DOCUMENT + 1)}, {})
    (item,) = store.list()

    with pytest.raises(InvalidRequest, match="larger than"):
        read_json(store, item)


@pytest.mark.parametrize("name", ["", "/a", "a//b", "../a", "a/./b", "a\\b", "a/\x00", "a/\n"])
def test_a_name_that_leaves_its_place_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="not the name of a file"):
        safe_parts(name, doing="read it")


def test_names_of_columns_are_compared_without_case_and_underscores() -> None:
    columns = ["billed_cost", "Billing Account Id", "CHARGEPERIODSTART", "invoice_id"]

    refuse_other_columns(columns, of="bill.csv")
    assert focus_version_of(columns) == "1.2"


def test_only_the_missing_columns_are_named() -> None:
    with pytest.raises(InvalidRequest, match="lacks the columns chargeperiodstart"):
        refuse_other_columns(["billed_cost", "Billing Account Id"], of="bill.csv")
