"""The billing of the sandbox AWS for the conformance suite: a bill of a few instances."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

from providers.aws.credential import AwsCredential
from skyclust.contract import BillingPeriod, CostMetric
from skyclust_sandbox.aws.bill import sample_bill
from skyclust_sandbox.aws.credential import EXPORT_ADDRESS
from skyclust_sandbox.billing.bill import Bill, Publication
from tests.conformance.aws import AwsHarness

INSTANCES = 4
BUCKET = "conformance"


class AwsCostHarness(AwsHarness):
    """Reads the costs of a sample from Cost Explorer."""

    @cached_property
    def cost_days(self) -> tuple[date, date]:
        """Return three days of two months; bills the sample, without a limit of pages."""
        self._sandbox.limit_pages(None)
        self._sandbox.bill_sample(INSTANCES)
        begin = self._bill.open_period
        return begin - timedelta(days=2), begin + timedelta(days=1)

    @cached_property
    def _bill(self) -> Bill:
        return sample_bill(INSTANCES, datetime.now(UTC).date())

    def cost_total(
        self, period: BillingPeriod, start: date, end: date, metric: CostMetric
    ) -> Decimal:
        """Return the sum of the sample's charges."""
        amounts = (
            charge.billed_cost if metric is CostMetric.BILLED else charge.effective_cost
            for charge in self._bill.charges(period.start, Publication.FIRST)
            if start <= charge.start < end
        )
        return sum(amounts, Decimal(0))

    def limit_cost_pages(self, largest: int) -> None:
        """Limit the pages of Cost Explorer and S3."""
        assert self.cost_days  # billed before pages are limited
        self._sandbox.limit_pages(largest)

    def fill_bucket(self, objects: Mapping[str, bytes]) -> str:
        """Write objects to a bucket of the account."""
        for name, content in objects.items():
            self._s3.put_object(Bucket=BUCKET, Key=name, Body=content)
        return BUCKET

    def limit_bucket_pages(self, largest: int) -> None:
        """Limit the pages of S3."""
        self._sandbox.limit_pages(largest)

    @cached_property
    def _s3(self) -> Any:
        """A client of S3, with the bucket."""
        client = boto3.client(
            "s3",
            region_name="us-east-1",
            endpoint_url=self._sandbox.endpoint,
            aws_access_key_id=self._sandbox.access_key,
            aws_secret_access_key="any",
            config=Config(s3={"addressing_style": "path"}),
        )
        client.create_bucket(Bucket=BUCKET)
        return client


class AwsExportHarness(AwsCostHarness):
    """Reads the costs of a sample from its export."""

    def _credential(self, access_key_id: str, endpoint: str) -> AwsCredential:
        fields = super()._credential(access_key_id, endpoint).model_dump(exclude_unset=True)
        return AwsCredential.model_validate({**fields, "cost_export": EXPORT_ADDRESS})
