"""Texts in another spelling than FOCUS gives them: corrected and counted, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from skyclust.costs.focus.normalize import normalize
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
