"""Exports of Azure Cost Management in a folder: what is delivered, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from skyclust.contract.cost import CostDelivery
from skyclust.costs.imports.folder import deliveries_in
from skyclust.costs.imports.reading import read_batches
from skyclust.errors import InvalidRequest, NotFound
from tests.unit.costs.imports.exports import focus_row, write_azure_run

ENROLLMENT = "/providers/Microsoft.Billing/billingAccounts/1234567"
AGREEMENT = "/providers/Microsoft.Billing/billingAccounts/8a:9b_2019-05-31"


def row(day: str, cost: str = "1.5", account: str = ENROLLMENT) -> dict[str, str]:
    return focus_row(day, cost, account=account, ProviderName="Microsoft")


def delivered(folder: Path) -> list[CostDelivery]:
    return list(deliveries_in(folder, source="azure-export:main"))


def costs(delivery: CostDelivery) -> list[str]:
    return [
        cost
        for file in delivery.files
        for batch in read_batches(file)
        for cost in batch.column("BilledCost").to_pylist()
    ]


def test_a_run_claims_its_range_with_the_last_day(tmp_path: Path) -> None:
    write_azure_run(tmp_path, [[row("2026-07-01", "1")], [row("2026-07-21", "2")]])

    (delivery,) = delivered(tmp_path)

    assert (delivery.provider, delivery.billing_account_id) == ("azure", ENROLLMENT)
    assert (delivery.complete_from, delivery.complete_to) == (date(2026, 7, 1), date(2026, 7, 22))
    assert (delivery.period.start, delivery.period.end) == (date(2026, 7, 1), date(2026, 8, 1))
    assert delivery.produced_at == datetime(2026, 7, 21, 21, 4, 6, tzinfo=UTC)
    assert (delivery.focus_version, delivery.provisional) == ("1.2", True)
    assert costs(delivery) == ["1", "2"]


def test_a_copy_of_the_run_folder_alone_is_read(tmp_path: Path) -> None:
    manifest = write_azure_run(tmp_path, [[row("2026-07-01")]])

    (delivery,) = delivered(manifest.parent)

    assert costs(delivery) == ["1.5"]


def test_a_run_is_left_out_when_a_younger_one_holds_all_its_days(tmp_path: Path) -> None:
    write_azure_run(tmp_path, [[row("2026-07-01", "1")]], days=("2026-07-01", "2026-07-20"),
                    submitted="2026-07-20T21:00:00Z", run="a")  # fmt: skip
    write_azure_run(tmp_path, [[row("2026-07-01", "2")]], run="b")
    write_azure_run(tmp_path, [[row("2026-07-01", "3")]], days=("2026-07-01", "2026-07-05"),
                    submitted="2026-07-22T08:00:00Z", run="c")  # fmt: skip

    found = delivered(tmp_path)

    # The last holds five days only, so that the run before it is needed for the others.
    assert [costs(delivery) for delivery in found] == [["2"], ["3"]]


def test_each_billing_profile_of_an_agreement_is_a_delivery(tmp_path: Path) -> None:
    first, second = (f"{AGREEMENT}/billingProfiles/{name}" for name in ("AAAA", "BBBB"))
    rows = [row("2026-07-01", "1", first), row("2026-07-01", "2", second)]
    write_azure_run(tmp_path, [rows, [row("2026-07-02", "3", first)]], scope=AGREEMENT)

    found = delivered(tmp_path)

    assert {each.billing_account_id: costs(each) for each in found} == {
        first: ["1", "3"],
        second: ["2"],
    }


@pytest.mark.parametrize("dataset", ["ActualCost", "AmortizedCost", "Usage"])
def test_other_costs_are_refused_with_what_to_export(tmp_path: Path, dataset: str) -> None:
    write_azure_run(tmp_path, [[row("2026-07-01")]], dataset=dataset)

    with pytest.raises(InvalidRequest, match=dataset) as caught:
        delivered(tmp_path)

    assert "Cost and usage details (FOCUS)" in caught.value.hint


def test_a_price_sheet_beside_the_export_is_no_cost(tmp_path: Path) -> None:
    write_azure_run(tmp_path, [[row("2026-07-01")]])
    write_azure_run(tmp_path / "prices", [[row("2026-07-01")]], dataset="PriceSheet")

    assert len(delivered(tmp_path)) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"blobCount": 2}, "not as many"),
        ({"dataRowCount": 7}, "not as many"),
        ({"blobs": [{"blobName": "root/gone.csv"}]}, r"gone\.csv is missing"),
        ({"blobs": [{"blobName": "../../etc/passwd"}]}, "not the name of a file"),
        ({"blobs": [{"blobName": "a/part_0_0001.csv"}, {"blobName": "b/x.csv"}]}, "one folder"),
        ({"blobs": None, "blobCount": None, "dataRowCount": None}, "does not list each part"),
        ({"runInfo": {}}, "submittedTime|startDate"),
        ({"exportConfig": {}}, "type"),
    ],
)
def test_a_manifest_that_does_not_fit_its_files_refuses_the_delivery(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    write_azure_run(tmp_path, [[row("2026-07-01")]], changes=changes)

    with pytest.raises(InvalidRequest, match=reason):
        delivered(tmp_path)


def test_a_part_of_another_size_refuses_the_delivery(tmp_path: Path) -> None:
    manifest = write_azure_run(tmp_path, [[row("2026-07-01"), row("2026-07-02")]])
    part = manifest.with_name("part_0_0001.csv")
    part.write_bytes(part.read_bytes()[:-20])

    with pytest.raises(InvalidRequest, match=r"part_0_0001\.csv has \d+ bytes instead of \d+"):
        delivered(tmp_path)


def test_a_part_with_other_rows_than_the_manifest_states_is_refused(tmp_path: Path) -> None:
    manifest = write_azure_run(tmp_path, [[row("2026-07-01"), row("2026-07-02")]])
    text = manifest.read_text().replace('"dataRowCount": 2', '"dataRowCount": 3')
    manifest.write_text(text)
    (delivery,) = delivered(tmp_path)

    with pytest.raises(InvalidRequest, match="has 2 rows, and 3 by its manifest"):
        costs(delivery)


def test_a_run_over_two_months_is_refused(tmp_path: Path) -> None:
    write_azure_run(tmp_path, [[row("2026-07-01")]], days=("2026-07-20", "2026-08-02"))

    with pytest.raises(InvalidRequest, match="not within one month"):
        delivered(tmp_path)


def test_a_folder_without_data_is_not_a_month_without_cost(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nothing to import"):
        delivered(tmp_path)
    with pytest.raises(NotFound, match="There is no folder"):
        delivered(tmp_path / "missing")
