"""Headers of delivered files: mapped with a remark, or refused by name."""

from __future__ import annotations

import pytest

from skyclust.costs.focus.headers import read_headers
from skyclust.errors import InvalidRequest
from tests.unit.costs.focus.samples import ROW

NAMES = list(ROW)


def renamed(old: str, new: str) -> list[str]:
    return [new if name == old else name for name in NAMES]


def test_focus_and_custom_columns_are_known() -> None:
    headers = read_headers([*NAMES, "x_Discounts"], origin="a.csv")
    assert headers.columns.keys() == ROW.keys()
    assert headers.extra == {"x_Discounts": "x_Discounts"}
    assert headers.remarks == ()


@pytest.mark.parametrize(
    "written", ["billedcost", "Billed Cost", "billed_cost", "BILLED-COST", "\ufeffBilledCost "]
)
def test_a_header_written_otherwise_is_mapped_with_a_remark(written: str) -> None:
    headers = read_headers(renamed("BilledCost", written), origin="a.csv")
    assert headers.columns["BilledCost"] == written
    assert headers.remarks == (f"Column {written!r} was read as BilledCost.",)


@pytest.mark.parametrize(
    ("added", "removed", "version"),
    [
        ([], [], "1.0"),
        (["SkuMeter"], [], "1.1"),
        (["InvoiceId", "SkuMeter"], [], "1.2"),
        (["ServiceProviderName", "HostProviderName"], [], "1.3"),
        (["ServiceProviderName", "HostProviderName"], ["ProviderName", "PublisherName"], "1.4"),
        (["ServiceProviderName", "HostProviderName", "InvoiceDetailId"], [], "1.4"),
    ],
)
def test_columns_show_the_version(added: list[str], removed: list[str], version: str) -> None:
    names = [name for name in [*NAMES, *added] if name not in removed]
    assert read_headers(names, origin="a.csv").version == version


def test_the_source_knows_its_version_better() -> None:
    assert read_headers(NAMES, version="1.2", origin="a.csv").version == "1.2"


@pytest.mark.parametrize("missing", ["BilledCost", "ListCost", "ServiceName"])
def test_a_missing_mandatory_column_is_refused_by_its_name(missing: str) -> None:
    names = [name for name in NAMES if name != missing]
    with pytest.raises(InvalidRequest, match=rf"a\.csv: column '{missing}' is missing"):
        read_headers(names, origin="a.csv")


def test_no_name_of_the_provider_at_all_is_refused() -> None:
    names = [name for name in NAMES if name != "ProviderName"]
    with pytest.raises(InvalidRequest, match="'ProviderName' is missing, which FOCUS 1"):
        read_headers(names, origin="a.csv")


def test_an_unknown_column_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidRequest, match=r"a\.csv: column 'ChargeSubcategory' is neither"):
        read_headers([*NAMES, "ChargeSubcategory"], origin="a.csv")


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="two columns are BilledCost: 'BilledCost' and 'bill"):
        read_headers([*NAMES, "billed_cost"], origin="a.csv")


def test_columns_without_a_part_in_the_bill_are_left_out() -> None:
    headers = read_headers([*NAMES, "BILLING_PERIOD"], origin="a.csv")
    assert headers.extra == {}
    assert len(headers.remarks) == 1


@pytest.mark.parametrize(
    ("written", "kept"), [("oci_OverageFlag", "x_oci_OverageFlag"), ("X_Team", "x_Team")]
)
def test_columns_of_a_provider_are_kept(written: str, kept: str) -> None:
    headers = read_headers([*NAMES, written], origin="a.csv")
    assert headers.extra == {kept: written}
    assert headers.remarks == (f"Column {written!r} was read as {kept}.",)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("lineItem/UsageStartDate", "AWS Data Exports"),
        ("line_item_unblended_cost", "AWS Data Exports"),
        ("bill_payer_account_id", "AWS Data Exports"),
        ("identity/LineItemId", "AWS Data Exports"),
        ("CostInBillingCurrency", "Azure Cost Management"),
        ("costInBillingCurrency", "Azure Cost Management"),
        ("PreTaxCost", "Azure Cost Management"),
        ("MeterCategory", "Azure Cost Management"),
        ("ActualCost", "Azure Cost Management"),
        ("usage_start_time", "gcp_billing_export_focus_"),
        ("sku.description", "gcp_billing_export_focus_"),
    ],
)
def test_native_reports_are_refused_with_the_focus_export_of_that_cloud(
    name: str, hint: str
) -> None:
    with pytest.raises(InvalidRequest, match="not FOCUS") as refused:
        read_headers(["Date", name, "Tags"], origin="a.csv")
    assert hint in refused.value.hint


def test_custom_columns_of_azure_are_no_native_report() -> None:
    names = [*NAMES, "x_SkuMeterCategory", "x_SkuMeterId", "x_BillingProfileId"]
    assert len(read_headers(names, origin="a.csv").extra) == 3
