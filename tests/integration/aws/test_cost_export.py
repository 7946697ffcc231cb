"""The costs of AWS from an export in a bucket, against the sandbox AWS."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from providers.aws import buckets
from providers.aws.provider import AwsProvider
from skyclust.contract import CostDelivery
from skyclust.errors import (
    ConfigurationError,
    Conflict,
    IncompleteList,
    NotFound,
    PermissionDenied,
    SkyClustError,
)
from skyclust_sandbox.aws.bill import sample_bill
from skyclust_sandbox.aws.credential import EXPORT_ADDRESS
from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.sandbox import Sandbox
from tests.integration.aws.conftest import Connect

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

INSTANCES = 4
BUCKET = "company-billing"

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("impatient_sdk")]


@pytest.fixture
def bill(aws_sandbox: Sandbox) -> Bill:
    """Return the bill that the sandbox has exported."""
    aws_sandbox.bill_sample(INSTANCES)
    return sample_bill(INSTANCES, datetime.now(UTC).date())


@pytest.fixture
def exported(connect: Connect, bill: Bill) -> AwsProvider:
    """Return a provider whose credential names the export."""
    return connect(cost_export=EXPORT_ADDRESS)


@pytest.fixture
def s3(bare: Callable[[str], Any]) -> S3Client:
    """Return a boto3 client of S3."""
    created: S3Client = bare("s3")
    return created


def billed(delivery: CostDelivery) -> Decimal:
    return sum((amount for file in delivery.files for amount in _amounts(file)), Decimal(0))


def _amounts(file: Any) -> list[Decimal]:
    with file.open() as stream:
        column = pq.read_table(io.BytesIO(stream.read())).column("BilledCost")
    return [Decimal(str(amount)) for amount in column.to_pylist()]


def listed(provider: AwsProvider, bill: Bill) -> dict[date, CostDelivery]:
    return {
        delivery.period.start: delivery
        for delivery in provider.list_deliveries(bill.first_day, bill.today)
    }


def test_export_cost_explorer_and_bill_have_one_total(
    exported: AwsProvider, bill: Bill, aws_sandbox: Sandbox
) -> None:
    deliveries = listed(exported, bill)
    assert list(deliveries) == bill.periods()
    totals = {
        total.period.start: total.amount
        for total in exported.cost_totals(bill.first_day, bill.today)
        if (total.scope, total.metric) == ("all charges", "billed_cost")
    }
    for period, delivery in deliveries.items():
        assert delivery.source == "aws-data-exports:company-billing/exports/focus"
        assert delivery.billing_account_id == aws_sandbox.account
        assert delivery.focus_version == "1.2"
        assert len(delivery.files) == 2
        assert billed(delivery) == totals[period] == bill.total(period, Publication.FIRST)


def test_only_what_changed_is_delivered_again(
    exported: AwsProvider, bill: Bill, aws_sandbox: Sandbox
) -> None:
    before = listed(exported, bill)
    aws_sandbox.publish_next_bill()
    late = listed(exported, bill)
    aws_sandbox.publish_next_bill()
    restated = listed(exported, bill)

    def changed(older: dict[date, CostDelivery], newer: dict[date, CostDelivery]) -> list[date]:
        return [p for p in older if older[p].fingerprint != newer[p].fingerprint]

    assert changed(before, late) == [bill.late_day.replace(day=1)]
    assert changed(late, restated) == [bill.restated_period]
    assert billed(restated[bill.restated_period]) == bill.total(bill.restated_period)


def test_a_period_outside_the_range_is_not_read(
    exported: AwsProvider, bill: Bill, aws_sandbox: Sandbox
) -> None:
    [delivery] = exported.list_deliveries(bill.open_period, bill.today)
    assert delivery.period.start == bill.open_period
    assert aws_sandbox.calls()["GetObject"] == 1  # its manifest


def test_a_missing_part_refuses_its_month_only(
    exported: AwsProvider, bill: Bill, s3: S3Client
) -> None:
    lost = listed(exported, bill)[bill.open_period].files[1].name
    s3.delete_object(Bucket=BUCKET, Key=lost)
    read: list[CostDelivery] = []
    with pytest.raises(IncompleteList, match="is missing") as raised:
        read.extend(exported.list_deliveries(bill.first_day, bill.today))
    assert [delivery.period.start for delivery in read] == bill.periods()[:-1]
    assert [f"{bill.open_period:%Y-%m}" in item.name for item in raised.value.items] == [True]


def test_a_part_that_was_overwritten_since_it_was_listed_is_refused(
    exported: AwsProvider, bill: Bill, s3: S3Client
) -> None:
    file = listed(exported, bill)[bill.open_period].files[0]
    s3.put_object(Bucket=BUCKET, Key=file.name, Body=b"another refresh")
    with pytest.raises(Conflict), file.open() as stream:
        stream.read()


def test_a_part_that_is_gone_is_not_found(exported: AwsProvider, bill: Bill, s3: S3Client) -> None:
    file = listed(exported, bill)[bill.open_period].files[0]
    s3.delete_object(Bucket=BUCKET, Key=file.name)
    with pytest.raises(NotFound), file.open() as stream:
        stream.read()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("s3://no-such-bucket/exports/focus", NotFound),
        ("s3://company-billing/exports/other", NotFound),
    ],
)
def test_an_export_that_does_not_exist_is_not_an_empty_bill(
    connect: Connect, bill: Bill, address: str, expected: type[SkyClustError]
) -> None:
    with pytest.raises(expected):
        list(connect(cost_export=address).list_deliveries(bill.first_day, bill.today))


def test_the_bucket_of_another_account_is_refused(
    connect: Connect, bill: Bill, aws_sandbox: Sandbox
) -> None:
    other = connect(cost_export=EXPORT_ADDRESS, access_key_id=aws_sandbox.other_access_key)
    with pytest.raises(PermissionDenied):
        list(other.list_deliveries(bill.first_day, bill.today))


def test_a_bucket_in_another_region_is_refused_with_advice(
    exported: AwsProvider, bill: Bill, aws_sandbox: Sandbox
) -> None:
    aws_sandbox.inject(
        Fault(
            kind=FaultKind.ERROR,
            action="ListObjectsV2",
            code="AuthorizationHeaderMalformed",
            status=400,
        )
    )
    with pytest.raises(ConfigurationError) as raised:
        list(exported.list_deliveries(bill.first_day, bill.today))
    assert "cost_export_region" in raised.value.hint


def test_a_part_is_read_in_blocks_through_lost_replies(
    exported: AwsProvider, bill: Bill, aws_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "BLOCK", 4096)
    [delivery] = exported.list_deliveries(bill.restated_period, bill.open_period)
    aws_sandbox.inject(
        Fault(kind=FaultKind.DROP_REPLY, action="GetObject", probability=0.3),
        Fault(kind=FaultKind.THROTTLE, action="GetObject", probability=0.2),
    )
    assert billed(delivery) == bill.total(bill.restated_period, Publication.FIRST)
    assert aws_sandbox.calls()["GetObject"] > 10


def test_a_block_can_be_read_from_anywhere(
    exported: AwsProvider, bill: Bill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "BLOCK", 1000)
    [delivery] = exported.list_deliveries(bill.restated_period, bill.open_period)
    with delivery.files[0].open() as stream:
        whole = stream.read()
        for position in (0, 999, 1000, 1001, len(whole) - 1):
            stream.seek(position)
            assert stream.read(5) == whole[position : position + 5]
        stream.seek(-4, io.SEEK_END)
        assert stream.read() == whole[-4:] == b"PAR1"
        assert stream.tell() == len(whole)


def test_a_billing_account_may_be_named(connect: Connect, bill: Bill) -> None:
    provider = connect(cost_export=EXPORT_ADDRESS, cost_billing_account="999988887777")
    deliveries = list(provider.list_deliveries(bill.today - timedelta(days=1), bill.today))
    assert {delivery.billing_account_id for delivery in deliveries} == {"999988887777"}
