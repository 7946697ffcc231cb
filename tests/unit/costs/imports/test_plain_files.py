"""Data files without a manifest: which deliveries they make, and what those claim."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from focus_data_toolkit.generators import get_generator

from skyclust.contract.cost import CostDelivery
from skyclust.costs.imports import csv_rows, file_spans
from skyclust.costs.imports.folder import deliveries_in
from skyclust.costs.imports.reading import read_batches
from skyclust.errors import InvalidRequest
from tests.unit.costs.imports.exports import (
    PAYER,
    csv_bytes,
    focus_row,
    write,
    write_aws_export,
    write_parquet,
)


def delivered(path: Path, complete: tuple[date, date] | None = None) -> list[CostDelivery]:
    return list(deliveries_in(path, source="file:bills", complete=complete))


def costs(delivery: CostDelivery) -> list[str]:
    return [
        cost
        for file in delivery.files
        for batch in read_batches(file)
        for cost in batch.column("BilledCost").to_pylist()
    ]


def claims(deliveries: list[CostDelivery]) -> list[tuple[str, str, int, int]]:
    return [
        (each.billing_account_id, str(each.period), each.complete_from.day, each.complete_to.day)
        for each in deliveries
    ]


def test_files_of_any_format_are_one_delivery(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", csv_bytes([focus_row("2026-07-01", "1")]))
    write(tmp_path / "b.csv.gz", gzip.compress(csv_bytes([focus_row("2026-07-02", "2")])))
    write_parquet(tmp_path / "deep" / "c.parquet", [focus_row("2026-07-03", "3")])
    youngest = datetime(2026, 7, 4, 5, tzinfo=UTC)
    for name, day in (("a.csv", 2), ("b.csv.gz", 4), ("deep/c.parquet", 3)):
        moment = datetime(2026, 7, day, 5, tzinfo=UTC).timestamp()
        os.utime(tmp_path / name, (moment, moment))

    (delivery,) = delivered(tmp_path)

    assert claims([delivery]) == [(PAYER, "2026-07", 1, 4)]
    assert (delivery.provider, delivery.produced_at) == ("aws", youngest)
    assert costs(delivery) == ["1", "2", "3"]


def test_the_days_of_many_rows_are_all_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_spans, "_COUNTED_AT_ONCE", 10)
    monkeypatch.setattr(csv_rows, "BLOCK", 1000)
    rows = [focus_row(f"2026-07-{number % 31 + 1:02}") for number in range(310)]
    write(tmp_path / "a.csv", csv_bytes(rows))

    (delivery,) = delivered(tmp_path)

    assert claims([delivery]) == [(PAYER, "2026-07", 1, 1)]
    assert len(costs(delivery)) == 310


def test_a_single_file_may_be_named(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", csv_bytes([focus_row("2026-07-01", "1")]))
    write(tmp_path / "a.csv.gz", gzip.compress(csv_bytes([focus_row("2026-07-02", "2")])))

    (delivery,) = delivered(file)

    assert costs(delivery) == ["1"]


def test_a_day_without_rows_is_not_claimed(tmp_path: Path) -> None:
    rows = [focus_row(f"2026-07-{day:02}", str(day)) for day in (1, 2, 5)]
    write(tmp_path / "a.csv", csv_bytes(rows))

    found = delivered(tmp_path)

    assert claims(found) == [(PAYER, "2026-07", 1, 3), (PAYER, "2026-07", 5, 6)]
    assert [costs(each) for each in found] == [["1", "2"], ["5"]]
    assert len({each.fingerprint for each in found}) == 2


def test_the_caller_may_set_which_days_are_complete(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", csv_bytes([focus_row("2026-07-01"), focus_row("2026-07-05")]))

    (delivery,) = delivered(tmp_path, (date(2026, 7, 1), date(2026, 7, 10)))

    assert claims([delivery]) == [(PAYER, "2026-07", 1, 10)]
    with pytest.raises(InvalidRequest, match="rows of 2026-07-05, which is not in"):
        delivered(tmp_path, (date(2026, 7, 1), date(2026, 7, 5)))


def test_a_day_of_two_billing_periods_is_in_a_delivery_of_each(tmp_path: Path) -> None:
    late = focus_row("2026-07-31", "2", BillingPeriodStart="2026-08-01T00:00:00Z",
                     BillingPeriodEnd="2026-09-01T00:00:00Z")  # fmt: skip
    write(tmp_path / "a.csv", csv_bytes([focus_row("2026-07-31", "1"), late]))

    found = delivered(tmp_path)

    assert {str(each.period): costs(each) for each in found} == {"2026-07": ["1"], "2026-08": ["2"]}
    assert {each.complete_from for each in found} == {date(2026, 7, 31)}


def test_the_day_of_a_charge_is_that_of_utc(tmp_path: Path) -> None:
    rows = [
        focus_row("2026-07-01", ChargePeriodStart="2026-07-01T23:30:00-02:00"),
        focus_row("2026-07-02", ChargePeriodStart="2026-07-02 05:00:00"),
    ]
    write(tmp_path / "a.csv", csv_bytes(rows))

    assert claims(delivered(tmp_path)) == [(PAYER, "2026-07", 2, 3)]


@pytest.mark.parametrize(
    ("cloud", "version"), [("aws", "1.2"), ("azure", "1.3"), ("gcp", "1.2"), ("gcp", "1.3")]
)
def test_every_row_of_a_generated_bill_is_in_one_delivery(
    tmp_path: Path, cloud: str, version: str
) -> None:
    content = get_generator(cloud, version).generate_csv_bytes(400, 7)
    write(tmp_path / "bill.csv", content)

    found = delivered(tmp_path)

    assert sum(len(costs(each)) for each in found) == 400
    assert {(each.provider, each.focus_version) for each in found} == {(cloud, version)}


def test_files_outside_of_an_export_are_delivered_beside_it(tmp_path: Path) -> None:
    write_aws_export(tmp_path, [[focus_row("2026-07-01", "1")]])
    write(tmp_path / "private.csv", csv_bytes([focus_row("2026-07-01", "2", account="rack-7")]))

    found = delivered(tmp_path)

    assert {each.billing_account_id: costs(each) for each in found} == {
        PAYER: ["1"],
        "rack-7": ["2"],
    }


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"lineItem/UsageStartDate,lineItem/UnblendedCost\n", "Cost and Usage Report"),
        (b"Date,MeterCategory,CostInBillingCurrency\n", "actual or amortized"),
        (b"BilledCost;BillingAccountId;ChargePeriodStart\n", "lacks the columns"),
        (b"BilledCost,BillingAccountId,ChargePeriodStart\n1,a,2026-07-01\n", "BillingPeriodStart"),
    ],
)
def test_files_that_do_not_hold_focus_rows_are_refused(
    tmp_path: Path, header: bytes, reason: str
) -> None:
    write(tmp_path / "a.csv", header)

    with pytest.raises(InvalidRequest, match=reason):
        delivered(tmp_path)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("BillingAccountId", "", "without a BillingAccountId"),
        ("ChargePeriodStart", "", "None as its ChargePeriodStart"),
        ("BillingPeriodStart", "07/01/2026", "'07/01/2026' as its BillingPeriodStart"),
    ],
)
def test_a_row_without_an_account_or_period_refuses_all(
    tmp_path: Path, column: str, value: str, reason: str
) -> None:
    rows = [focus_row("2026-07-01"), focus_row("2026-07-02", **{column: value})]
    write(tmp_path / "a.csv", csv_bytes(rows))

    with pytest.raises(InvalidRequest, match=reason):
        delivered(tmp_path)


def test_a_file_without_rows_is_no_month_without_cost(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", csv_bytes([]))

    with pytest.raises(InvalidRequest, match="has no rows"):
        delivered(tmp_path)


@pytest.mark.parametrize(
    ("names", "provider"),
    [
        (["Amazon Web Services, Inc."], "aws"),
        (["AWS", "Datadog", "AWS"], "aws"),
        (["Our Own Racks"], "our-own-racks"),
        ([""], "unknown"),
    ],
)
def test_the_provider_is_what_most_rows_name(
    tmp_path: Path, names: list[str], provider: str
) -> None:
    rows = [focus_row("2026-07-01", ProviderName=name) for name in names]
    write(tmp_path / "a.csv", csv_bytes(rows))

    (delivery,) = delivered(tmp_path)

    assert delivery.provider == provider


@pytest.mark.parametrize("copy", ["bill.csv.gz", "bill (1).csv"])
def test_a_file_that_is_there_twice_is_refused(tmp_path: Path, copy: str) -> None:
    content = csv_bytes([focus_row("2026-07-01")])
    write(tmp_path / "bill.csv", content)
    write(tmp_path / copy, gzip.compress(content) if copy.endswith(".gz") else content)

    with pytest.raises(InvalidRequest, match="are the same file twice"):
        delivered(tmp_path)


def test_files_of_equal_size_may_differ(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", csv_bytes([focus_row("2026-07-01", "1")]))
    write(tmp_path / "b.csv", csv_bytes([focus_row("2026-07-01", "2")]))

    assert [costs(each) for each in delivered(tmp_path)] == [["1", "2"]]
