"""Delivered values of every type, and how wrong ones are refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from skyclust.costs.focus.ledger_schema import COSTS, LEDGER_SCHEMA
from skyclust.costs.focus.normalize import normalize
from skyclust.costs.focus.required_values import NEVER_NULL, PERIODS
from skyclust.errors import InvalidRequest
from tests.unit.costs.focus.samples import batch, column

JULY = datetime(2026, 7, 1, tzinfo=UTC)


def test_rows_have_the_columns_of_the_ledger_then_the_custom_ones() -> None:
    table = normalize(batch({"x_b": "2", "x_a": "1"}), origin="a.csv")
    assert table.schema.names == [*LEDGER_SCHEMA.names, "x_a", "x_b"]
    assert table.select(LEDGER_SCHEMA.names).schema == LEDGER_SCHEMA
    assert table["ContractedCost"].to_pylist() == [None]
    assert table["ListCost"].to_pylist() == [Decimal(0)]
    assert table["InvoiceId"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("delivered", "amount"),
    [
        ("-12.5", "-12.5"),
        ("+5", "5"),
        (" 5 ", "5"),
        ("1.5E-7", "0.00000015"),
        ("1e5", "100000"),
        ("1e-300", "0"),
        ("0.0000000000015", "0.000000000002"),
        ("0.0000000000025", "0.000000000002"),
        ("-0.00000000000051", "-0.000000000001"),
        ("0.30000000000000004", "0.3"),
        ("9.9999999999999", "10"),
        ("99999999999999999999.9999999999999", "100000000000000000000"),
        ("99999999999999999999999999.999999999999", "99999999999999999999999999.999999999999"),
        ("", None),
        ("NULL", None),
        (None, None),
    ],
)
def test_numbers_in_text(delivered: str | None, amount: str | None) -> None:
    expected = None if amount is None else Decimal(amount)
    assert column("ConsumedQuantity", pa.array([delivered], pa.string())) == [expected]


@pytest.mark.parametrize(
    ("array", "amounts"),
    [
        (pa.array([0.1, 1e-05, 0.1 + 0.2, None]), ["0.1", "0.00001", "0.3", None]),
        (pa.array([0.1], pa.float32()), ["0.1"]),
        (pa.array([1e22, -1e-7]), ["10000000000000000000000", "-0.0000001"]),
        (pa.array([7, -3, None]), ["7", "-3", None]),
        (pa.array([Decimal("1.50")], pa.decimal128(10, 2)), ["1.5"]),
        (pa.array([Decimal("0.00000000000050")], pa.decimal128(20, 14)), ["0"]),
        (pa.array([Decimal("0.00000000000150")], pa.decimal256(60, 14)), ["0.000000000002"]),
        (pa.array([Decimal("9" * 21 + "." + "9" * 14)], pa.decimal256(60, 14)), ["1" + "0" * 21]),
        (pa.array([None, None]), [None, None]),
        (pa.array(["1.5", "1.5"]).dictionary_encode(), ["1.5", "1.5"]),
        (pa.array(["2"], pa.large_string()), ["2"]),
        (pa.chunked_array([["1"], ["2"]]), ["1", "2"]),
    ],
    ids=str,
)
def test_numbers_of_every_type(array: Any, amounts: list[str | None]) -> None:
    expected = [None if amount is None else Decimal(amount) for amount in amounts]
    assert column("ConsumedQuantity", array) == expected


@pytest.mark.parametrize(
    ("array", "row"),
    [
        (pa.array(["1", "NaN"]), 2),
        (pa.array(["inf"]), 1),
        (pa.array(["1", "1", "1,5"]), 3),
        (pa.array(["$5"]), 1),
        (pa.array(["1_000"]), 1),
        (pa.array(["100000000000000000000000000"]), 1),
        (pa.array(["99999999999999999999999999.9999999999999"]), 1),
        (pa.array([1.0, float("nan")]), 2),
        (pa.array([float("-inf")]), 1),
        (pa.array([Decimal(10) ** 26], pa.decimal128(38, 2)), 1),
    ],
    ids=str,
)
def test_what_is_no_number_is_refused_with_its_row(array: Any, row: int) -> None:
    with pytest.raises(
        InvalidRequest, match=rf"july\.parquet: row {row}, column ConsumedQuantity: '"
    ):
        column("ConsumedQuantity", array)


LARGEST = "9" * 17 + "." + "9" * 12


@pytest.mark.parametrize("name", COSTS)
@pytest.mark.parametrize(
    "array",
    [
        pa.array(["1", "1" + "0" * 17]),
        pa.array(["1", "-" + "9" * 26]),
        pa.array(["1", "9" * 17 + "." + "9" * 13]),
        pa.array([1.0, 1e17]),
        pa.array([1, -(10**17)]),
        pa.array([Decimal(1), Decimal(10) ** 17], pa.decimal128(38, 2)),
    ],
    ids=str,
)
def test_a_cost_whose_sums_would_not_fit_is_refused_with_row_and_column(
    name: str, array: Any
) -> None:
    with pytest.raises(
        InvalidRequest, match=f"row 2, column {name}: .* has more than 17"
    ) as refused:
        column(name, array)
    assert "Did it lose" in refused.value.hint


def test_the_largest_cost_is_kept_and_so_are_larger_quantities() -> None:
    for name in COSTS:
        assert column(name, pa.array([LARGEST, f"-{LARGEST}"])) == [
            Decimal(LARGEST),
            Decimal(f"-{LARGEST}"),
        ]
    assert column("ConsumedQuantity", pa.array(["9" * 26])) == [Decimal("9" * 26)]


def test_rows_are_counted_in_the_file_and_values_are_cut_short() -> None:
    rows = batch({}, {"BilledCost": "x" * 500})
    with pytest.raises(InvalidRequest, match="row 1002, column BilledCost") as refused:
        normalize(rows, origin="a.csv", first_row=1001)
    assert "x" * 60 + "..." in refused.value.message
    assert "x" * 61 not in refused.value.message


def test_a_column_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="column ListCost has the type bool"):
        column("ListCost", pa.array([True]))
    with pytest.raises(InvalidRequest, match="column SkuId has the type double"):
        column("SkuId", pa.array([1.0]))
    with pytest.raises(InvalidRequest, match="column ChargePeriodEnd has the type int64"):
        column("ChargePeriodEnd", pa.array([1751328000]))
    with pytest.raises(InvalidRequest, match="column SkuId has bytes that are not UTF-8"):
        column("SkuId", pa.array([b"\xff"]))


@pytest.mark.parametrize(
    "delivered",
    [
        "2026-07-01T00:00:00Z",
        "2026-07-01T00:00Z",
        "2026-07-01T00:00:00.000Z",
        "2026-07-01 00:00:00",
        "2026-07-01 00:00:00 UTC",
        "2026-07-01T02:00:00+02:00",
        "2026-07-01",
    ],
)
def test_times_in_text(delivered: str) -> None:
    assert column("ChargePeriodEnd", pa.array([delivered, "", "NULL"])) == [JULY, None, None]


@pytest.mark.parametrize(
    "array",
    [
        pa.array([datetime(2026, 7, 1)], pa.timestamp("ns")),  # noqa: DTZ001 - one without zone
        pa.array([JULY], pa.timestamp("ms", tz="Europe/Berlin")),
        pa.array([date(2026, 7, 1)], pa.date32()),
        pa.array([date(2026, 7, 1)], pa.date64()),
    ],
    ids=lambda array: str(array.type),
)
def test_times_of_every_type(array: Any) -> None:
    assert column("ChargePeriodEnd", array) == [JULY]


@pytest.mark.parametrize("delivered", ["07/01/2026", "2026-13-01", "2026-07-01T24:61:00Z", "July"])
def test_what_is_no_time_is_refused_with_its_row(delivered: str) -> None:
    with pytest.raises(InvalidRequest, match=f"row 2, column ChargePeriodEnd: '{delivered}'"):
        column("ChargePeriodEnd", pa.array(["2026-07-01", delivered]))


@pytest.mark.parametrize("name", NEVER_NULL)
@pytest.mark.parametrize("empty", ["", "NULL", None])
def test_a_row_without_amount_account_currency_or_period_is_refused(
    name: str, empty: str | None
) -> None:
    with pytest.raises(InvalidRequest, match=rf"row 2, column {name} is empty"):
        normalize(batch({}, {name: empty}), origin="a.csv")


@pytest.mark.parametrize("name", NEVER_NULL)
@pytest.mark.parametrize("spaces", [" ", "\t "])
def test_spaces_are_no_value_of_what_a_row_needs(name: str, spaces: str) -> None:
    with pytest.raises(InvalidRequest, match=f"row 2, column {name}"):
        normalize(batch({}, {name: spaces}), origin="a.csv")


@pytest.mark.parametrize(("start", "end"), PERIODS)
def test_a_period_that_ends_before_it_begins_is_refused_with_its_row(start: str, end: str) -> None:
    rows = batch({}, {}, {start: "2026-07-02T00:00:00Z", end: "2026-07-01T23:59:59Z"})
    with pytest.raises(InvalidRequest, match=f"a.csv: row 13, column {end}: '2026-07-01T2.*") as no:
        normalize(rows, origin="a.csv", first_row=11)
    assert f"is before {start}, 2026-07-02T00:00:00" in no.value.message


@pytest.mark.parametrize(("start", "end"), PERIODS)
@pytest.mark.parametrize("last", ["2026-07-02T00:00:00Z", "2026-07-02T02:00:00+02:00", None])
def test_a_period_without_end_or_of_one_instant_is_kept(
    start: str, end: str, last: str | None
) -> None:
    rows = batch({start: "2026-07-02T00:00:00Z", end: last}, {end: None})
    assert normalize(rows, origin="a.csv")[end].null_count == (2 if last is None else 1)


def test_texts() -> None:
    assert column("SkuId", pa.array(["a", "", "NULL", "null", " "])) == [
        "a",
        None,
        None,
        "null",
        " ",
    ]
    assert column("SubAccountId", pa.array([123456789012])) == ["123456789012"]
    assert column("SkuId", pa.array([b"a"])) == ["a"]
    assert column("SkuId", pa.array([None, None], pa.float64())) == [None, None]


def test_custom_columns_stay_as_they_are_in_text() -> None:
    assert column("x_a", pa.array(["NULL", "", " "])) == ["NULL", None, " "]
    assert column("x_a", pa.array([0.1, 1.0])) == ["0.1", "1"]
    assert column("x_a", pa.array([Decimal("1.10")], pa.decimal128(10, 2))) == ["1.1"]
    assert column("x_a", pa.array([True])) == ["true"]
    assert column("x_a", pa.array([JULY])) == ["2026-07-01T00:00:00Z"]
    assert column("x_a", pa.array([["a", "b"]])) == ['["a","b"]']
