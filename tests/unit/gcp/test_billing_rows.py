"""Rows of the billing export become rows of FOCUS: exact amounts, aware times, texts and tags."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.gcp.billing_rows import (
    extension_text,
    next_month,
    to_decimal,
    to_focus_row,
    to_period,
    to_time,
)
from skyclust.contract import BillingPeriod
from skyclust.errors import UnexpectedAnswer

AUGUST = BillingPeriod(date(2026, 8, 1), date(2026, 9, 1))
PACIFIC = timezone(timedelta(hours=-7))


def test_a_double_becomes_its_shortest_decimal() -> None:
    assert to_decimal(0.1, "BilledCost") == Decimal("0.1")
    assert to_decimal(1e-12, "BilledCost") == Decimal("0.000000000001")
    assert to_decimal(Decimal("1.000000001"), "BilledCost") == Decimal("1.000000001")
    assert to_decimal(None, "BilledCost") is None
    assert to_decimal(0, "BilledCost") == 0


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_double_loses_a_digit(value: float) -> None:
    amount = to_decimal(value, "BilledCost")
    assert amount is not None
    assert float(amount) == value


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "1.5", True, Decimal("NaN"), {"units": 1}]
)
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(UnexpectedAnswer, match="BilledCost"):
        to_decimal(value, "BilledCost")


def test_a_null_stays_null_and_a_zero_stays_zero() -> None:
    row = to_focus_row({"ListCost": None, "BilledCost": Decimal(0), "RegionId": None}, AUGUST)
    assert row["ListCost"] is None
    assert row["BilledCost"] == Decimal(0)
    assert row["RegionId"] is None
    assert row["Tags"] == {}


def test_the_period_is_that_of_the_invoice_and_times_are_in_utc() -> None:
    row = to_focus_row(
        {
            "BillingPeriodStart": datetime(2026, 8, 1, tzinfo=PACIFIC),
            "BillingPeriodEnd": datetime(2026, 8, 31, tzinfo=PACIFIC),
            "ChargePeriodStart": datetime(2026, 7, 31, 20, tzinfo=PACIFIC),
        },
        AUGUST,
    )
    assert row["BillingPeriodStart"] == datetime(2026, 8, 1, tzinfo=UTC)
    assert row["BillingPeriodEnd"] == datetime(2026, 9, 1, tzinfo=UTC)
    assert str(row["ChargePeriodStart"]) == "2026-08-01 03:00:00+00:00"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(UnexpectedAnswer, match="ChargePeriodStart"):
        to_time(datetime(2026, 8, 1), "ChargePeriodStart")  # noqa: DTZ001  # what is refused


def test_a_label_of_the_resource_hides_the_tag_and_the_label_of_the_project() -> None:
    row = {
        "x_ProjectLabels": [{"Key": "team", "Value": "all"}, {"Key": "owner", "Value": "finance"}],
        "x_Tags": [
            {"Key": "team", "Value": "tag", "x_Inherited": True, "x_Namespace": "acme"},
            {"Key": "Stage", "Value": "Prod", "x_Inherited": False, "x_Namespace": "acme"},
        ],
        "x_Labels": [{"Key": "team", "Value": "web"}, {"Key": "empty", "Value": None}],
        "x_SystemLabels": [{"Key": "compute.googleapis.com/cores", "Value": "4"}],
    }
    assert to_focus_row(row, AUGUST)["Tags"] == {
        "team": "web",
        "owner": "finance",
        "Stage": "Prod",
        "empty": "",
    }


def test_the_tags_of_the_older_view_are_read_too() -> None:
    tags = [{"key": "team", "value": "web", "x_type": "label", "x_inherited": False}]
    assert to_focus_row({"Tags": tags}, AUGUST)["Tags"] == {"team": "web"}


def test_a_view_may_have_tags_as_json() -> None:
    assert to_focus_row({"Tags": '{"team": "web", "x": null}'}, AUGUST)["Tags"] == {
        "team": "web",
        "x": "",
    }


@pytest.mark.parametrize("tags", ["team=web", "[1]", ["team"], {"team": "web"}, 3])
def test_tags_of_another_shape_are_refused(tags: object) -> None:
    with pytest.raises(UnexpectedAnswer, match="Tags"):
        to_focus_row({"Tags": tags}, AUGUST)


def test_columns_of_googles_own_are_text() -> None:
    credit = {"Name": "Größe", "Amount": Decimal("-0.500"), "Id": None}
    text = extension_text([credit])
    assert text is not None
    assert json.loads(text) == [{"Name": "Größe", "Amount": "-0.500", "Id": None}]
    assert extension_text(Decimal("1E-9")) == "0.000000001"
    assert extension_text(0.1) == "0.1"
    assert extension_text(datetime(2026, 8, 1, tzinfo=PACIFIC)) == "2026-08-01T07:00:00+00:00"
    assert extension_text("as it is ") == "as it is "
    assert extension_text([]) is None


def test_a_month_is_half_open() -> None:
    assert to_period(2026, 12) == BillingPeriod(date(2026, 12, 1), date(2027, 1, 1))
    assert next_month(date(2026, 1, 31)) == date(2026, 2, 1)
    with pytest.raises(UnexpectedAnswer):
        to_period(2026, 13)
    with pytest.raises(UnexpectedAnswer):
        to_period(None, 1)
