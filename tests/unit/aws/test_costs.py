"""Answers of Cost Explorer as rows and totals, the limit of calls, and where clients call."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from providers.aws.client import AwsClients
from providers.aws.cost_calls import PricedCalls
from providers.aws.cost_explorer_rows import (
    CATEGORIES,
    period_of,
    periods_between,
    to_rows,
    to_totals,
)
from providers.aws.credential import AwsCredential
from skyclust.contract import ALL_CHARGES, BillingPeriod, CostMetric
from skyclust.errors import ConfigurationError, UnexpectedAnswer

KEYS = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "wJalrXUtnFEMIEXAMPLEKEY"}
DECEMBER = BillingPeriod(date(2025, 12, 1), date(2026, 1, 1))
USAGE = CATEGORIES[0]


def amounts(billed: Any, effective: Any = "0") -> dict[str, Any]:
    return {
        "UnblendedCost": {"Amount": billed, "Unit": "USD"},
        "NetAmortizedCost": {"Amount": effective, "Unit": "USD"},
    }


def result(start: str, end: str, *groups: tuple[list[str], dict[str, Any]]) -> dict[str, Any]:
    return {
        "TimePeriod": {"Start": start, "End": end},
        "Groups": [{"Keys": keys, "Metrics": metrics} for keys, metrics in groups],
    }


def test_a_group_becomes_a_row_without_rounding() -> None:
    page = {
        "ResultsByTime": [
            result(
                "2025-12-31",
                "2026-01-01",
                (["EC2 - Other", "111122223333"], amounts("0.1234567891", "-0.0000000001")),
            )
        ],
        "DimensionValueAttributes": [
            {"Value": "111122223333", "Attributes": {"description": "Payments"}}
        ],
    }
    [row] = to_rows(page, "999988887777", DECEMBER, USAGE)
    assert row == {
        "BilledCost": Decimal("0.1234567891"),
        "EffectiveCost": Decimal("-0.0000000001"),
        "ListCost": None,
        "ContractedCost": None,
        "BillingAccountId": "999988887777",
        "BillingCurrency": "USD",
        "BillingPeriodStart": datetime(2025, 12, 1, tzinfo=UTC),
        "BillingPeriodEnd": datetime(2026, 1, 1, tzinfo=UTC),
        "ChargeCategory": "Usage",
        "ChargePeriodStart": datetime(2025, 12, 31, tzinfo=UTC),
        "ChargePeriodEnd": datetime(2026, 1, 1, tzinfo=UTC),
        "ProviderName": "AWS",
        "ServiceName": "EC2 - Other",
        "SubAccountId": "111122223333",
        "SubAccountName": "Payments",
    }


@pytest.mark.parametrize("amount", ["", "NaN", "Infinity", "1,5", None])
def test_an_amount_that_is_none_is_not_zero(amount: object) -> None:
    page = {"ResultsByTime": [result("2025-12-01", "2025-12-02", (["S", "1"], amounts(amount)))]}
    with pytest.raises(UnexpectedAnswer):
        to_rows(page, "1", DECEMBER, USAGE)


def test_every_record_type_is_in_one_category() -> None:
    named = [name for category in CATEGORIES for name in category.record_types]
    assert len(named) == len(set(named))
    [rest] = [category for category in CATEGORIES if not category.record_types]
    assert rest.filter()["Not"]["Dimensions"]["Values"] == sorted(named)


def test_totals_of_pages_are_added_by_month_and_record_type() -> None:
    read_at = datetime(2026, 1, 5, tzinfo=UTC)
    pages = [
        {"ResultsByTime": [result("2025-12-01", "2026-01-01", (["Usage"], amounts("10", "9")))]},
        {"ResultsByTime": [result("2025-12-01", "2026-01-01", (["Credit"], amounts("-10", "-9")))]},
        {"ResultsByTime": [result("2026-01-01", "2026-02-01")]},
    ]
    totals = list(to_totals(pages, "1", read_at))
    assert {(t.scope, t.metric, t.amount) for t in totals} == {
        (ALL_CHARGES, CostMetric.BILLED, Decimal(0)),
        (ALL_CHARGES, CostMetric.EFFECTIVE, Decimal(0)),
        ("record type Usage", CostMetric.BILLED, Decimal(10)),
        ("record type Credit", CostMetric.BILLED, Decimal(-10)),
    }
    assert {t.period for t in totals} == {DECEMBER}


def test_totals_of_two_currencies_are_not_added() -> None:
    yuan = {
        "UnblendedCost": {"Amount": "5", "Unit": "CNY"},
        "NetAmortizedCost": {"Amount": "5", "Unit": "CNY"},
    }
    page = {
        "ResultsByTime": [
            result("2025-12-01", "2026-01-01", (["Usage"], amounts("1", "1")), (["Tax"], yuan))
        ]
    }
    totals = to_totals([page], "1", datetime(2026, 1, 5, tzinfo=UTC))
    billed = {
        total.currency: total.amount
        for total in totals
        if (total.scope, total.metric) == (ALL_CHARGES, CostMetric.BILLED)
    }
    assert billed == {"USD": Decimal(1), "CNY": Decimal(5)}


def test_periods_are_the_months_that_overlap() -> None:
    assert period_of(date(2025, 12, 31)) == DECEMBER
    assert list(periods_between(date(2025, 12, 31), date(2026, 1, 1))) == [DECEMBER]
    assert [str(p) for p in periods_between(date(2025, 12, 31), date(2026, 2, 2))] == [
        "2025-12",
        "2026-01",
        "2026-02",
    ]


def test_calls_are_counted_up_to_the_limit() -> None:
    calls = PricedCalls(2)
    calls.count()
    calls.count()
    with pytest.raises(ConfigurationError, match=r"0\.02 USD"):
        calls.count()
    assert (calls.made().calls, calls.made().price) == (2, Decimal("0.02"))


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        (None, "https://ce.us-east-1.amazonaws.com"),
        ("eu-central-1", "https://ce.us-east-1.amazonaws.com"),
        ("cn-north-1", "https://ce.cn-northwest-1.amazonaws.com.cn"),
        ("us-gov-west-1", "https://ce.us-gov-west-1.amazonaws.com"),
    ],
)
def test_cost_explorer_is_called_at_the_endpoint_of_its_partition(
    region: str | None, endpoint: str
) -> None:
    credential = AwsCredential.model_validate({**KEYS, "region": region})
    assert AwsClients(credential).cost_explorer().meta.endpoint_url == endpoint


def test_buckets_are_in_the_path_of_a_private_endpoint_only() -> None:
    public = AwsClients(AwsCredential.model_validate(KEYS))
    private = AwsClients(AwsCredential.model_validate({**KEYS, "endpoint": "http://127.0.0.1:1"}))
    styles = [
        (getattr(clients.s3("eu-west-1").meta.config, "s3", None) or {}).get("addressing_style")
        for clients in (public, private)
    ]
    assert styles == [None, "path"]


def test_a_client_of_s3_can_be_made_after_others() -> None:
    clients = AwsClients(AwsCredential.model_validate(KEYS))
    assert clients.cost_explorer().meta.service_model.service_name == "ce"
    assert clients.sts().meta.service_model.service_name == "sts"
    assert clients.s3("eu-west-1") is clients.s3("eu-west-1")
    assert clients.s3("us-east-1") is not clients.s3("eu-west-1")


def test_the_region_of_an_export_defaults_to_the_home_region() -> None:
    values = {**KEYS, "region": "eu-west-1", "cost_export": "s3://my.bucket/a/b-1/focus/"}
    export = AwsClients(AwsCredential.model_validate(values)).cost_export
    assert export is not None
    assert (export.bucket, export.path, export.region) == ("my.bucket", "a/b-1/focus", "eu-west-1")
    values["cost_export_region"] = "us-east-2"
    other = AwsClients(AwsCredential.model_validate(values)).cost_export
    assert other is not None
    assert other.region == "us-east-2"


@pytest.mark.parametrize(
    "values",
    [
        {"cost_export": "my-bucket/prefix/focus"},
        {"cost_export": "s3://My_Bucket/prefix/focus"},
        {"cost_export": "s3://bucket"},
        {"cost_export": "s3://bucket/a//b"},
        {"cost_export": "s3://bucket/a/../b\n"},
        {"cost_billing_account": "12345"},
        {"cost_calls_limit": 0},
        {"cost_export_region": "us east 1"},
    ],
)
def test_malformed_fields_of_costs_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AwsCredential.model_validate({**KEYS, **values})
