"""Texts in another spelling than FOCUS gives them: corrected and counted, or refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from focus_data_toolkit.generators import get_generator

from skyclust.costs.focus.model import VERSIONS, allowed_values, columns_of
from skyclust.costs.focus.normalize import normalize
from skyclust.costs.focus.respelling import DECIDES_SUMS
from skyclust.costs.focus.rows import rows_to_table
from skyclust.costs.focus.value_remarks import ValueRemarks
from skyclust.errors import InvalidRequest
from tests.unit.costs.focus.samples import ROW, batch


def read(column: str, *values: str | None) -> tuple[list[Any], list[str]]:
    """Return what one delivered column is in the ledger, and the remarks about it."""
    remarks = ValueRemarks()
    rows = batch(*({column: value} for value in values))
    table = normalize(rows, origin="july.csv", remarks=remarks)
    return table[column].to_pylist(), remarks.sentences()


@pytest.mark.parametrize("delivered", ["eur", " EUR", "Eur\t"])
def test_a_currency_is_read_in_capitals_and_without_spaces(delivered: str) -> None:
    values, remarks = read("BillingCurrency", "EUR", delivered, "USD", delivered)
    assert values == ["EUR", "EUR", "USD", "EUR"]
    [remark] = remarks
    assert remark.startswith("Column BillingCurrency, 2 rows: ")
    assert remark.endswith(f"The first is {delivered!r} in row 2 of july.csv.")


@pytest.mark.parametrize("delivered", ["EURO", "EU", "€", "E R", "\u0131dr", "12A", " ", "EUR,USD"])
def test_what_is_no_currency_is_refused_with_its_row(delivered: str) -> None:
    with pytest.raises(InvalidRequest, match=r"row 3, column BillingCurrency: .* not a currency"):
        read("BillingCurrency", "EUR", "eur", delivered)
    rows = [dict(ROW), {**ROW, "BillingCurrency": delivered}]
    with pytest.raises(InvalidRequest, match="row 12, column BillingCurrency"):
        rows_to_table(rows, origin="BigQuery", first_row=11)


def test_a_pricing_currency_may_be_virtual() -> None:
    assert read("PricingCurrency", "tokens", "usd", None) == (["tokens", "usd", None], [])


LIMITED = sorted(
    {name for version in VERSIONS for name in columns_of(version) if allowed_values(name)}
)
"""Every column of FOCUS with allowed values."""


def test_the_columns_with_allowed_values_are_known() -> None:
    assert set(LIMITED) == {
        *("CapacityReservationStatus", "ChargeCategory", "ChargeClass", "ChargeFrequency"),
        *("CommitmentDiscountCategory", "CommitmentDiscountStatus", "PricingCategory"),
        *("ServiceCategory", "ServiceSubcategory"),
    }
    for version in VERSIONS:
        for name, column in columns_of(version).items():
            assert set(column.allowed_values or ()) <= set(allowed_values(name)), name


@pytest.mark.parametrize("name", LIMITED)
def test_allowed_values_stay_without_a_remark(name: str) -> None:
    allowed = allowed_values(name)
    assert read(name, *allowed) == ([*allowed], [])


@pytest.mark.parametrize("name", LIMITED)
@pytest.mark.parametrize("spelled", [str.lower, str.upper, lambda text: f" {text}\t"])
def test_allowed_values_are_read_in_any_case(name: str, spelled: Callable[[str], str]) -> None:
    allowed = allowed_values(name)
    values, remarks = read(name, *map(spelled, allowed))
    assert values == [*allowed]
    [remark] = remarks
    assert f"Column {name}, " in remark
    assert "row 1 of july.csv" in remark


@pytest.mark.parametrize("name", sorted({*LIMITED} - DECIDES_SUMS))
@pytest.mark.parametrize("other", ["Bananas", "-", " "])
def test_another_value_is_kept_with_a_remark(name: str, other: str) -> None:
    known = allowed_values(name)[0]
    values, remarks = read(name, known, other, None, known.lower(), other)
    assert values == [known, other, None, known, other]
    [doubted] = [remark for remark in remarks if "none of the values" in remark]
    assert f"Column {name}, 2 rows" in doubted
    assert f"{other!r} in row 2 of july.csv" in doubted


@pytest.mark.parametrize("name", sorted(DECIDES_SUMS))
@pytest.mark.parametrize("other", ["Bananas", "Credits", " "])
def test_another_value_is_refused_where_it_decides_sums(name: str, other: str) -> None:
    with pytest.raises(InvalidRequest, match=f"july.csv: row 3, column {name}: '{other}'") as no:
        read(name, "usage", "CREDIT", other)
    assert all(value in no.value.hint for value in allowed_values(name))


@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_generated_bills_need_no_remark(cloud: str, version: str) -> None:
    content = get_generator(cloud, version).generate_csv_bytes(600, 5)
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    delivered = pa.table({name: [row[name] for row in rows] for name in rows[0]})
    remarks = ValueRemarks()
    table = normalize(delivered, origin="bill.csv", remarks=remarks)
    assert remarks.sentences() == []
    for name in {"BillingCurrency", "Tags", *LIMITED} & {*delivered.column_names}:
        assert table[name].to_pylist() == [text or None for text in delivered[name].to_pylist()]


def test_remarks_count_over_batches_and_name_the_first_row() -> None:
    remarks = ValueRemarks()
    for first_row, currency in ((1, "EUR"), (4, "eur"), (7, "usd")):
        rows = batch(*({"BillingCurrency": currency} for _ in range(3)))
        normalize(rows, origin="july.csv", first_row=first_row, remarks=remarks)
    [remark] = remarks.sentences()
    assert remark == (
        "Column BillingCurrency, 6 rows: read in capitals and without spaces."
        " The first is 'eur' in row 4 of july.csv."
    )


def test_long_values_are_cut_short() -> None:
    [remark] = read("BillingCurrency", f"{' ' * 100}eur")[1]
    assert len(remark) < 200
