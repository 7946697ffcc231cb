"""The shipped models of FOCUS, the ledger's columns, and the published models they come from."""

from __future__ import annotations

import pytest

from skyclust.costs.focus.ledger_schema import AMOUNT, AMOUNTS, LEDGER_SCHEMA, TIME, TIMES
from skyclust.costs.focus.model import (
    VERSIONS,
    columns_of,
    introduced,
    json_columns,
    mandatory_columns,
)
from skyclust.errors import InvalidRequest
from tests.fixtures.focus_models import MODELS, documents

ARROW_TYPES = {"Decimal": AMOUNT, "Date/Time": TIME}


def test_the_ledger_has_every_column_of_every_version() -> None:
    known = {name for version in VERSIONS for name in columns_of(version)}
    assert known == set(LEDGER_SCHEMA.names)
    assert LEDGER_SCHEMA.names == sorted(LEDGER_SCHEMA.names)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_ledger_has_the_types_of_each_version(version: str) -> None:
    for name, column in columns_of(version).items():
        expected = ARROW_TYPES.get(column.data_type)
        is_text = name not in AMOUNTS and name not in TIMES
        assert (LEDGER_SCHEMA.field(name).type == expected) if expected else is_text, name


@pytest.mark.parametrize(("version", "count"), [("1.0", 43), ("1.2", 57), ("1.3", 65), ("1.4", 65)])
def test_versions_have_as_many_columns_as_the_specification(version: str, count: int) -> None:
    assert len(columns_of(version)) == count


def test_columns_know_when_they_came() -> None:
    assert introduced("BilledCost") == "1.0"
    assert introduced("InvoiceId") == "1.2"
    assert introduced("InvoiceDetailId") == "1.4"
    assert introduced("LineItemId") is None


def test_names_of_providers_changed_hands() -> None:
    assert {"ProviderName", "PublisherName"} <= mandatory_columns("1.2")
    assert columns_of("1.3")["ProviderName"].deprecated
    assert {"ServiceProviderName", "HostProviderName"} <= mandatory_columns("1.3")
    assert not {"ProviderName", "PublisherName"} & columns_of("1.4").keys()


def test_a_column_declares_what_it_may_hold() -> None:
    category = columns_of("1.2")["ChargeCategory"]
    assert category.allowed_values is not None
    assert set(category.allowed_values) == {"Usage", "Purchase", "Tax", "Credit", "Adjustment"}
    assert not category.nullable
    assert columns_of("1.2")["Tags"].data_type == "JSON"
    assert {"Tags", "SkuPriceDetails", "AllocatedTags"} <= json_columns()


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"FOCUS 2\.0 is not a version"):
        columns_of("2.0")


@pytest.mark.parametrize(("name", "text"), list(documents(None)))
def test_shipped_models_are_the_published_ones(name: str, text: str) -> None:
    assert (MODELS / name).read_text() == text
