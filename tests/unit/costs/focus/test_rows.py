"""Rows that an API answers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from skyclust.costs.focus.ledger_schema import LEDGER_SCHEMA
from skyclust.costs.focus.rows import rows_to_table
from skyclust.errors import InvalidRequest

ROW: dict[str, Any] = {
    "BilledCost": Decimal("1.50"),
    "BillingAccountId": "123456789012",
    "BillingCurrency": "EUR",
    "BillingPeriodStart": date(2026, 7, 1),
    "ChargePeriodStart": datetime(2026, 7, 1, 2, tzinfo=timezone(timedelta(hours=2))),
}


def test_what_an_api_does_not_return_is_null() -> None:
    table = rows_to_table([ROW, {**ROW, "x_estimated": True}], origin="Cost Explorer")
    assert table.schema.names == [*LEDGER_SCHEMA.names, "x_estimated"]
    first, second = table.to_pylist()
    assert first["BilledCost"] == Decimal("1.5")
    assert first["ListCost"] is None
    assert first["ChargePeriodStart"] == datetime(2026, 7, 1, tzinfo=UTC)
    assert first["BillingPeriodStart"] == datetime(2026, 7, 1, tzinfo=UTC)
    assert (first["x_estimated"], second["x_estimated"]) == (None, "true")


@pytest.mark.parametrize(
    ("tags", "text"),
    [
        ({"b": "1", "a": 'q"'}, '{"b":"1","a":"q\\""}'),
        ('{"a": 1}', '{"a": 1}'),
        ([{"key": "a", "value": "1"}], '{"a":"1"}'),
        ({}, "{}"),
        (None, None),
    ],
)
def test_tags_are_maps_or_their_text(tags: object, text: str | None) -> None:
    table = rows_to_table([{**ROW, "Tags": tags}], origin="BigQuery")
    assert table["Tags"].to_pylist() == [text]


def test_numbers_are_rounded_and_refused_as_those_of_files() -> None:
    table = rows_to_table([{**ROW, "ListCost": 0.1, "ContractedCost": 3}], origin="BigQuery")
    assert table["ListCost"].to_pylist() == [Decimal("0.1")]
    assert table["ContractedCost"].to_pylist() == [Decimal(3)]
    wrong = [{**ROW}, {**ROW, "BilledCost": Decimal("NaN")}]
    with pytest.raises(InvalidRequest, match="BigQuery: row 12, column BilledCost: 'NaN'"):
        rows_to_table(wrong, origin="BigQuery", first_row=11)


def test_a_row_without_account_is_refused() -> None:
    row = {name: value for name, value in ROW.items() if name != "BillingAccountId"}
    with pytest.raises(InvalidRequest, match="row 1, column BillingAccountId is empty"):
        rows_to_table([row], origin="Cost Explorer")


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="'UnblendedCost' is neither"):
        rows_to_table([{**ROW, "UnblendedCost": 1}], origin="Cost Explorer")


def test_no_rows_are_an_empty_table_of_the_ledger() -> None:
    assert rows_to_table([], origin="Cost Explorer").schema == LEDGER_SCHEMA
