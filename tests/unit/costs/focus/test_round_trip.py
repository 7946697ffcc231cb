"""Import, export, import again: no value changes."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyclust.contract.cost import FileFormat
from skyclust.costs.focus.ledger_schema import AMOUNTS, COSTS, LEDGER_SCHEMA, TIMES
from skyclust.costs.focus.model import WRITTEN_VERSIONS, allowed_values, columns_of, json_columns
from skyclust.costs.focus.normalize import normalize
from skyclust.costs.focus.providers import COUNTERPARTS
from skyclust.costs.focus.required_values import NEVER_NULL
from skyclust.costs.focus.rows import rows_to_table
from skyclust.costs.focus.writing import write_focus_csv, write_focus_parquet
from skyclust.errors import InternalError, InvalidRequest
from tests.unit.costs.focus.samples import batch, read_file

JULY = datetime(2026, 7, 1, tzinfo=UTC)
TEXTS = st.text(max_size=12) | st.sampled_from(
    ["=1+1", "+1", "-2", "@a", "'=1", "''", "'", "\tx", "\ry", "a\nb", 'q"u', ",", "1.0", " x "]
)


def decimals(whole_digits: int) -> st.SearchStrategy[Decimal]:
    limit = 10 ** (whole_digits + 12) - 1
    return st.integers(-limit, limit).map(
        lambda digits: Decimal((int(digits < 0), tuple(map(int, str(abs(digits)))), -12))
    ) | st.sampled_from([Decimal(0), Decimal("1E-12"), Decimal("-0.5"), Decimal(1000)])


INSTANTS = st.integers(0, 4 * 10**15).map(lambda us: JULY + timedelta(microseconds=us))
MAPS = st.dictionaries(TEXTS, st.none() | TEXTS, max_size=3)


def values_of(name: str) -> st.SearchStrategy[Any]:
    if name == "BillingCurrency":
        return st.text("ABCxyz", min_size=3, max_size=3).map(lambda code: f" {code}")
    if name == "ChargeCategory":
        return st.sampled_from([None, *allowed_values(name), "usage", " TAX"])
    if name in AMOUNTS:
        values: st.SearchStrategy[Any] = decimals(17 if name in COSTS else 26)
    elif name in TIMES:
        values = INSTANTS
    elif name in json_columns():
        values = MAPS
    elif name in NEVER_NULL:
        return st.text(min_size=1, max_size=12).filter(
            lambda text: text != "NULL" and bool(text.strip())
        )
    else:
        values = TEXTS
    return values if name in NEVER_NULL else st.none() | values


OPTIONAL = (
    *COUNTERPARTS,
    *("BillingPeriodEnd", "ChargeCategory", "ChargeClass", "ContractApplied", "EffectiveCost"),
    *("InvoiceDetailId", "InvoiceId", "ListCost", "ListUnitPrice", "ResourceName", "Tags"),
)
"""Columns of each type; columns of one type are treated alike."""


def with_ordered_period(row: dict[str, Any]) -> dict[str, Any]:
    end = row.get("BillingPeriodEnd")
    return row if end is None else {**row, "BillingPeriodEnd": max(end, row["BillingPeriodStart"])}


ROWS = st.fixed_dictionaries(
    {name: values_of(name) for name in NEVER_NULL},
    optional={
        **{name: values_of(name) for name in OPTIONAL},
        'x_odd "name", =1': TEXTS | MAPS,
        "x_Discounts": st.none() | TEXTS,
    },
).map(with_ordered_period)

Writer = Callable[..., int]
FORMATS: list[tuple[FileFormat, Writer, dict[str, bool]]] = [
    (FileFormat.PARQUET, write_focus_parquet, {}),
    (FileFormat.CSV, write_focus_csv, {}),
    (FileFormat.CSV, write_focus_csv, {"escape_formulas": False}),
]


def written(table: Any, version: str, writer: Writer, options: dict[str, bool]) -> bytes:
    stream = BytesIO()
    assert writer([table], stream, version, **options) == table.num_rows
    return stream.getvalue()


def assert_kept(before: Any, after: Any, version: str) -> None:
    """Compare all that the version has a column for; filled names of providers may be new."""
    names = [name for name in before.schema.names if name not in LEDGER_SCHEMA.names]
    assert [name for name in after.schema.names if name not in LEDGER_SCHEMA.names] == names
    for name in [*columns_of(version), *names]:
        old, new = before[name].to_pylist(), after[name].to_pylist()
        if name in COUNTERPARTS:
            new = [None if was is None else now for was, now in zip(old, new, strict=True)]
        assert new == old, name


@pytest.mark.parametrize("version", WRITTEN_VERSIONS)
@pytest.mark.parametrize(("kind", "writer", "options"), FORMATS)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(ROWS, min_size=1, max_size=4))
def test_import_export_import_changes_no_value(
    rows: list[dict[str, Any]],
    version: str,
    kind: FileFormat,
    writer: Writer,
    options: dict[str, bool],
) -> None:
    before = rows_to_table(rows, origin="api")
    after = read_file(written(before, version, writer, options), kind)
    assert_kept(before, after, version)
    again = read_file(written(after, version, writer, options), kind)
    assert again.equals(after)


@pytest.mark.parametrize("version", WRITTEN_VERSIONS)
def test_a_file_has_the_columns_of_its_version_then_the_custom_ones(version: str) -> None:
    table = normalize(batch({"x_b": "1", "x_a": "2"}), origin="a.csv")
    text = written(table, version, write_focus_csv, {"escape_formulas": False}).decode()
    header = next(csv.reader(StringIO(text)))
    assert header == [*sorted(columns_of(version)), "x_a", "x_b"]


def test_csv_has_numbers_times_and_nulls_as_the_specification_requires() -> None:
    changes = {"BilledCost": "-1.5E-7", "ListCost": "0", "Tags": '{"a":"b, c"}', "x_a": "=1+1"}
    table = normalize(batch(changes), origin="a.csv")
    [row] = csv.DictReader(StringIO(written(table, "1.2", write_focus_csv, {}).decode()))
    assert row["BilledCost"] == "-0.00000015"
    assert row["ListCost"] == "0"
    assert row["PricingQuantity"] == "24"
    assert row["ContractedCost"] == ""
    assert row["ChargePeriodStart"] == "2026-07-01T00:00:00Z"
    assert row["Tags"] == '{"a":"b, c"}'
    assert row["x_a"] == "'=1+1"
    assert row["x_SkyClustEscaped"] == "true"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\uff1d"])
def test_no_text_of_a_csv_file_begins_as_a_formula(begin: str) -> None:
    changes = {"ResourceName": f"{begin}cmd|' /C calc'!A0", "x_note": f"{begin}1"}
    table = normalize(batch(changes), origin="a.csv")
    [row] = csv.DictReader(StringIO(written(table, "1.2", write_focus_csv, {}).decode(), ""))
    assert row["ResourceName"].startswith("'" + begin)
    assert row["x_note"].startswith("'" + begin)


def test_an_apostrophe_of_a_file_of_others_stays() -> None:
    assert (
        normalize(batch({"ServiceName": "'=1"}), origin="a.csv")["ServiceName"][0].as_py() == "'=1"
    )


def test_several_batches_and_a_file_on_disk(tmp_path: Path) -> None:
    tables = [normalize(batch({"x_a": str(number)}), origin="a.csv") for number in range(3)]
    for name, writer in (("a.parquet", write_focus_parquet), ("a.csv", write_focus_csv)):
        assert writer(iter(tables), tmp_path / name, "1.4") == 3
    for kind, name in ((FileFormat.PARQUET, "a.parquet"), (FileFormat.CSV, "a.csv")):
        back = read_file((tmp_path / name).read_bytes(), kind)
        assert back["x_a"].to_pylist() == ["0", "1", "2"]


def test_no_rows_are_a_file_with_a_header() -> None:
    for kind, writer in (
        (FileFormat.PARQUET, write_focus_parquet),
        (FileFormat.CSV, write_focus_csv),
    ):
        stream = BytesIO()
        assert writer([], stream, "1.2", extra_columns=["x_a"]) == 0
        assert b"BilledCost" in stream.getvalue(), kind


def test_a_later_batch_with_another_custom_column_is_refused() -> None:
    tables = [normalize(batch(change), origin="a.csv") for change in ({}, {"x_a": "1"})]
    with pytest.raises(InternalError, match="x_a"):
        write_focus_csv(tables, BytesIO(), "1.2")
    assert write_focus_csv(tables, BytesIO(), "1.2", extra_columns=["x_a"]) == 2


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_versions_that_are_not_written(version: str) -> None:
    with pytest.raises(InvalidRequest, match=f"FOCUS {version} is not written"):
        write_focus_parquet([], BytesIO(), version)


def test_record_batches_are_written_too() -> None:
    table = normalize(batch(), origin="a.csv")
    [rows] = table.to_batches()
    assert isinstance(rows, pa.RecordBatch)
    assert read_file(written(rows, "1.2", write_focus_csv, {}), FileFormat.CSV).num_rows == 1
