"""Exports of AWS Data Exports in a folder: what is delivered, and what is refused as a whole."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from skyclust.contract.cost import BillingPeriod, CostDelivery
from skyclust.costs.imports.folder import deliveries_in
from skyclust.costs.imports.reading import read_batches
from skyclust.errors import IncompleteList, InvalidRequest
from tests.unit.costs.imports.exports import PAYER, focus_row, write_aws_export

JULY = BillingPeriod(date(2026, 7, 1), date(2026, 8, 1))
MOMENT = datetime(2026, 7, 20, 6, tzinfo=UTC)


def delivered(folder: Path) -> list[CostDelivery]:
    return list(deliveries_in(folder, source="aws-data-exports:production"))


def costs(delivery: CostDelivery) -> list[str]:
    return [
        cost
        for file in delivery.files
        for batch in read_batches(file)
        for cost in batch.column("BilledCost").to_pylist()
    ]


def test_a_refresh_claims_its_whole_billing_period(tmp_path: Path) -> None:
    parts = [[focus_row("2026-07-01", "1")], [focus_row("2026-07-02", "2")]]
    manifest = write_aws_export(tmp_path, parts)
    os.utime(manifest, (MOMENT.timestamp(),) * 2)

    (delivery,) = delivered(tmp_path)

    assert (delivery.provider, delivery.billing_account_id) == ("aws", PAYER)
    assert delivery.period == JULY
    assert (delivery.complete_from, delivery.complete_to) == (JULY.start, JULY.end)
    assert delivery.produced_at == MOMENT
    assert delivery.focus_version == "1.2"
    assert delivery.provisional
    assert costs(delivery) == ["1", "2"]


@pytest.mark.parametrize("part", ["", "daily-focus"])
def test_a_copy_of_a_part_of_the_bucket_is_read_as_well(tmp_path: Path, part: str) -> None:
    write_aws_export(tmp_path / "bucket" / "team", [[focus_row("2026-07-01")]])

    (delivery,) = delivered(tmp_path / "bucket" / "team" / part)

    assert costs(delivery) == ["1.5"]


def test_a_period_is_closed_two_weeks_after_its_end(tmp_path: Path) -> None:
    manifest = write_aws_export(tmp_path, [[focus_row("2026-07-01")]])
    os.utime(manifest, (datetime(2026, 8, 16, tzinfo=UTC).timestamp(),) * 2)

    (delivery,) = delivered(tmp_path)

    assert not delivery.provisional


def test_of_refreshes_that_create_new_files_the_newest_is_delivered(tmp_path: Path) -> None:
    old = write_aws_export(tmp_path, [[focus_row("2026-07-01", "1")]], refresh="20260702T01Z-a")
    write_aws_export(tmp_path, [[focus_row("2026-07-01", "2")]], refresh="20260703T01Z-b")
    os.utime(old, (MOMENT.timestamp(),) * 2)

    (delivery,) = delivered(tmp_path)

    assert costs(delivery) == ["2"]


def test_files_of_earlier_refreshes_that_no_manifest_names_are_left_out(tmp_path: Path) -> None:
    three = [[focus_row(f"2026-07-0{day}", str(day))] for day in (1, 2, 3)]
    write_aws_export(tmp_path, three)
    write_aws_export(tmp_path, three[:2])

    (delivery,) = delivered(tmp_path)

    assert costs(delivery) == ["1", "2"]


def test_the_fingerprint_is_that_of_the_content(tmp_path: Path) -> None:
    parts = [[focus_row("2026-07-01")], [focus_row("2026-07-02")]]
    write_aws_export(tmp_path, parts)
    (first,) = delivered(tmp_path)
    (again,) = delivered(tmp_path)
    (tmp_path / "daily-focus/data/BILLING_PERIOD=2026-07/daily-focus-00002.csv.gz").touch()
    (rewritten,) = delivered(tmp_path)

    assert first.fingerprint == again.fingerprint
    assert rewritten.fingerprint != first.fingerprint


def test_a_missing_part_refuses_its_period_and_no_other(tmp_path: Path) -> None:
    write_aws_export(tmp_path, [[focus_row("2026-07-01")], [focus_row("2026-07-02")]])
    august = {"BillingPeriodStart": "2026-08-01T00:00:00Z"}
    write_aws_export(tmp_path, [[focus_row("2026-08-01", **august)]], month="2026-08")
    (tmp_path / "daily-focus/data/BILLING_PERIOD=2026-07/daily-focus-00002.csv.gz").unlink()
    found: list[CostDelivery] = []

    with pytest.raises(InvalidRequest, match=r"00002\.csv\.gz that it names is missing"):
        found.extend(deliveries_in(tmp_path, source="s"))

    assert [str(delivery.period) for delivery in found] == ["2026-08"]


def test_several_refused_periods_are_all_named(tmp_path: Path) -> None:
    for month in ("2026-07", "2026-08"):
        write_aws_export(tmp_path, [[focus_row("2026-07-01")]], month=month)
        folder = tmp_path / f"daily-focus/data/BILLING_PERIOD={month}"
        (folder / "daily-focus-00001.csv.gz").unlink()

    with pytest.raises(IncompleteList) as caught:
        delivered(tmp_path)

    assert len(caught.value.items) == 2


@pytest.mark.parametrize(
    "address",
    [
        "s3://bills/team/daily-focus/data/BILLING_PERIOD=2026-07/../../../../etc/passwd",
        "s3://bills/team/daily-focus/data/BILLING_PERIOD=2026-06/daily-focus-00001.csv.gz",
        "s3://bills/team/other/data/BILLING_PERIOD=2026-07/other-00001.csv.gz",
        "/etc/passwd",
        "file:///etc/daily-focus/data/BILLING_PERIOD=2026-07/passwd",
        "s3://bills/team/daily-focus/data/BILLING_PERIOD=2026-07//etc/passwd",
    ],
)
def test_a_manifest_names_files_of_its_own_export_only(tmp_path: Path, address: str) -> None:
    write_aws_export(tmp_path, [[focus_row("2026-07-01")]], addresses=[address])

    with pytest.raises(InvalidRequest, match=r"not a data file|not the name of a file"):
        delivered(tmp_path)


def test_a_cost_and_usage_report_is_refused_with_what_to_export(tmp_path: Path) -> None:
    columns = ["line_item_usage_account_id", "line_item_unblended_cost"]
    write_aws_export(tmp_path, [[focus_row("2026-07-01")]], columns=columns)

    with pytest.raises(InvalidRequest, match="Cost and Usage Report") as caught:
        delivered(tmp_path)

    assert "FOCUS 1.2 with AWS columns" in caught.value.hint


@pytest.mark.parametrize("content", [b"{", b"[1]", b"{}", b"[" * 100_000, b"\xff"])
def test_a_broken_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    write_aws_export(tmp_path, [[focus_row("2026-07-01")]]).write_bytes(content)

    with pytest.raises(InvalidRequest, match="Manifest"):
        delivered(tmp_path)


def test_the_account_of_a_members_export_is_the_payer_of_its_rows(tmp_path: Path) -> None:
    write_aws_export(tmp_path, [[], [focus_row("2026-07-01", account="999999999999")]])

    (delivery,) = delivered(tmp_path)

    assert delivery.billing_account_id == "999999999999"


def test_a_month_without_charges_is_a_delivery_without_rows(tmp_path: Path) -> None:
    write_aws_export(tmp_path, [])

    (delivery,) = delivered(tmp_path)

    assert (delivery.billing_account_id, delivery.files) == (PAYER, ())


def test_rows_of_another_account_or_period_are_refused(tmp_path: Path) -> None:
    august = focus_row("2026-07-31", BillingPeriodStart="2026-08-01T00:00:00Z")
    write_aws_export(tmp_path, [[focus_row("2026-07-01"), august]])

    (delivery,) = delivered(tmp_path)

    with pytest.raises(InvalidRequest, match="period 2026-08-01T00:00:00Z in the delivery"):
        costs(delivery)


def test_a_repeated_file_is_refused(tmp_path: Path) -> None:
    manifest = write_aws_export(tmp_path, [[focus_row("2026-07-01")]])
    document = json.loads(manifest.read_bytes())
    document["dataFiles"] *= 2
    manifest.write_text(json.dumps(document))

    with pytest.raises(InvalidRequest, match="each data file once"):
        delivered(tmp_path)
