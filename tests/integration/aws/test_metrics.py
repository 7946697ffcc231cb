"""Metrics of CloudWatch: read in batches, counted, kept, and never replaced by a failure."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from logging import getLogger
from typing import TYPE_CHECKING

import pytest

from providers.aws.metrics import instances_a_call
from providers.aws.provider import AwsProvider
from skyclust.costs.metrics.plan import WINDOW
from skyclust.costs.metrics.reading import MetricsRead, read_account_metrics
from skyclust.errors import Throttled, UnexpectedAnswer
from skyclust.model.credential_key import CredentialKey
from skyclust.model.instance_metrics import MetricsRecord
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeKey
from skyclust.store import instance_metrics, resources
from skyclust.store.engine import Store
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.instance_use import UseKind, kind_of
from tests.fixtures.sandbox import Sandbox
from tests.integration.aws.conftest import AMAZON_IMAGE, REGION, Connect
from tests.unit.store.inventory import prepare, sync

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

pytestmark = pytest.mark.integration

NUMBER = 12
CREDENTIAL = CredentialKey("default", "prod", "aws")
KEY = ScopeKey(credential="prod", region=REGION, kind=ResourceKind.INSTANCE)


@pytest.fixture
def store(sqlite_store: Store, provider: AwsProvider, ec2: EC2Client, impatient_sdk: None) -> Store:
    """An inventory of running instances of one account."""
    [image] = ec2.describe_images(Filters=[{"Name": "name", "Values": [AMAZON_IMAGE]}])["Images"]
    ec2.run_instances(
        MinCount=NUMBER, MaxCount=NUMBER, ImageId=image["ImageId"], InstanceType="m6i.xlarge"
    )
    end = time.monotonic() + 20
    while True:
        pages = provider.list_resources(REGION, ResourceKind.INSTANCE)
        found = [one for page in pages for one in page]
        if all(one.state == "running" for one in found):
            break
        assert time.monotonic() < end
        time.sleep(0.1)
    prepare(sqlite_store)
    sync(sqlite_store, found, key=KEY)
    return sqlite_store


def read(store: Store, provider: AwsProvider, later: timedelta = timedelta()) -> MetricsRead:
    now = datetime.now(UTC) + later
    return read_account_metrics(store, provider, CREDENTIAL, now, getLogger("test"))


def kept(store: Store) -> list[MetricsRecord]:
    with store.reading() as connection:
        return instance_metrics.list_all(connection, "default")


def test_each_instance_has_the_summary_of_its_use_and_the_sizes_below_its_own(
    store: Store, provider: AwsProvider, aws_sandbox: Sandbox
) -> None:
    done = read(store, provider)
    assert (done.instances, done.failed, done.reason) == (NUMBER, 0, "")
    assert done.calls is not None
    assert (done.calls.calls, done.calls.price) == (4 * NUMBER, Decimal("0.00048"))
    assert len(kept(store)) == NUMBER
    for record in kept(store):
        metrics, kind = record.metrics, kind_of(record.instance_id)
        assert metrics is not None
        assert metrics.memory_maximum is None
        if kind is UseKind.SILENT:
            assert (metrics.points, metrics.cpu_p95, metrics.network_bytes) == (0, None, None)
            continue
        assert (metrics.points, metrics.days) == (336, 14)
        assert metrics.cpu_p95 is not None
        assert metrics.busiest_day_bytes is not None
        assert (metrics.cpu_p95 < 3, metrics.cpu_p95 > 40) == (
            kind is UseKind.IDLE,
            kind is UseKind.BUSY,
        )
        assert (metrics.busiest_day_bytes < 5_000_000) is (kind is UseKind.IDLE)
        assert record.options is not None
        assert [one.type for one in record.options.smaller] == ["m6i.large"]
    calls = aws_sandbox.calls()["GetMetricData"]
    assert read(store, provider).instances == 0
    assert aws_sandbox.calls()["GetMetricData"] == calls == 1


def test_throttling_for_a_moment_is_waited_out(
    store: Store, provider: AwsProvider, aws_sandbox: Sandbox
) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.THROTTLE, action="GetMetricData", times=3))
    assert read(store, provider).instances == NUMBER
    assert aws_sandbox.calls()["GetMetricData"] == 4


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(FaultKind.THROTTLE, Throttled), (FaultKind.EMPTY, UnexpectedAnswer)],
)
def test_a_read_that_fails_keeps_what_was_known(
    store: Store,
    provider: AwsProvider,
    aws_sandbox: Sandbox,
    kind: FaultKind,
    expected: type[Exception],
) -> None:
    read(store, provider)
    before = {one.instance_id: one.metrics for one in kept(store)}
    aws_sandbox.inject(Fault(kind=kind, action="GetMetricData"))
    with pytest.raises(expected):
        read(store, provider, timedelta(days=1))
    assert {one.instance_id: one.metrics for one in kept(store)} == before
    assert all(one.error.startswith(expected.__name__) for one in kept(store))
    aws_sandbox.clear()
    assert read(store, provider, timedelta(days=1)).instances == NUMBER
    assert {one.error for one in kept(store)} == {""}


def test_a_refused_read_is_kept_as_the_reason(
    store: Store, provider: AwsProvider, aws_sandbox: Sandbox
) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.DENY, action="GetMetricData"))
    done = read(store, provider)
    assert (done.instances, done.failed) == (0, NUMBER)
    assert done.reason.startswith("PermissionDenied")
    assert {(one.metrics, one.error) for one in kept(store)} == {(None, done.reason)}


def test_the_limit_stops_the_read_and_the_next_run_begins_with_what_is_left(
    store: Store, connect: Connect
) -> None:
    done = read(store, connect(metrics_limit=20))
    assert (done.instances, done.failed) == (5, NUMBER - 5)
    assert "metrics_limit" in done.reason or "limit of 20 metrics" in done.reason
    first = {one.instance_id for one in kept(store) if one.metrics}
    assert len(first) == 5
    read(store, connect(metrics_limit=20))
    assert len({one.instance_id for one in kept(store) if one.metrics}) == 10


def test_what_is_gone_is_forgotten(store: Store, provider: AwsProvider) -> None:
    read(store, provider)
    [gone, *left] = [one.instance_id for one in kept(store)]
    with store.writing() as connection:
        resources.forget(
            connection, "default", "prod", REGION, ResourceKind.INSTANCE, gone, run_id=None
        )
    read(store, provider)
    assert [one.instance_id for one in kept(store)] == left


@pytest.mark.parametrize(("days", "number"), [(14, 75), (1, 125), (365, 2)])
def test_a_call_reads_as_many_instances_as_its_limits_allow(days: int, number: int) -> None:
    end = datetime(2026, 3, 1, tzinfo=UTC)
    assert instances_a_call(end - timedelta(days=days), end) == number
    assert timedelta(days=14) == WINDOW
