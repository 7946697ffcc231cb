"""Metrics of EC2 instances, by GetMetricData of CloudWatch in batches.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html and
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from providers.aws.regions import regional_errors
from skyclust.contract import CostCalls, MetricsProvider
from skyclust.errors import PermissionDenied, SkyClustError, Unavailable, UnexpectedAnswer
from skyclust.model.instance_metrics import InstanceMetrics
from skyclust.providerkit.answers import require_list
from skyclust.providerkit.metric_series import HOUR, MetricPoint, summarize
from skyclust.providerkit.paging import PageGuard

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

    from providers.aws.client import AwsClients

METRICS: Final = (
    ("CPUUtilization", "Average"),
    ("CPUUtilization", "Maximum"),
    ("NetworkIn", "Sum"),
    ("NetworkOut", "Sum"),
)
"""What EC2 itself reports. It does not see the memory of a guest: only the agent of CloudWatch
does, under dimensions that each installation chooses."""

QUERIES_A_CALL: Final = 500
POINTS_A_CALL: Final = 100_800
"""The limits of GetMetricData."""

_FAILED: Final[dict[str, type[SkyClustError]]] = {
    "Forbidden": PermissionDenied,
    "InternalError": Unavailable,
}

Series = Mapping[datetime, float]


class AwsMetrics(MetricsProvider):
    """CPU and network of EC2 instances, by the hour; memory is not known."""

    _clients: AwsClients

    def read_metrics(
        self, region: str, instance_ids: Sequence[str], start: datetime, end: datetime
    ) -> Iterator[Sequence[InstanceMetrics]]:
        """Yield the use of each instance, as many as one call of GetMetricData reads at a time.

        Raises ConfigurationError when the limit of priced metrics is reached, UnexpectedAnswer for
        a reply without a requested metric and for a list that never ends.
        """
        affordable = max(self._clients.priced_metrics.limit // len(METRICS), 1)
        size = min(instances_a_call(start, end), affordable)
        for first in range(0, len(instance_ids), size):
            batch = instance_ids[first : first + size]
            series = _read(self._clients, region, batch, start, end)
            yield [
                summarize(one, start, end, to_points(series, number), HOUR)
                for number, one in enumerate(batch)
            ]

    def metrics_read(self) -> CostCalls:
        """Return the metrics that were read, which cost one cent a thousand."""
        return self._clients.priced_metrics.made()


def instances_a_call(start: datetime, end: datetime) -> int:
    """Return of how many instances one call reads all points: of 75 in 14 days."""
    points = max(-(-(end - start) // timedelta(seconds=HOUR)), 1)
    queries = min(QUERIES_A_CALL, POINTS_A_CALL // points)
    return max(queries // len(METRICS), 1)


def to_points(series: Mapping[str, Series], number: int) -> list[MetricPoint]:
    """Return the points of an instance by its number in the batch.

    An hour without a CPU value is an hour in which the instance did not run.
    """
    average, maximum, received, sent = (series[_id(number, metric)] for metric in range(4))
    return [
        MetricPoint(
            time,
            cpu_average=value,
            cpu_maximum=maximum.get(time),
            network_bytes=received[time] + sent[time]
            if time in received and time in sent
            else None,
        )
        for time, value in average.items()
    ]


def _read(
    clients: AwsClients, region: str, instance_ids: Sequence[str], start: datetime, end: datetime
) -> dict[str, Series]:
    """Return the series of each query by its id."""
    doing = f"read the metrics of {len(instance_ids)} instances in {region}"
    queries = [
        _query(number, metric, one)
        for number, one in enumerate(instance_ids)
        for metric in range(len(METRICS))
    ]
    series: defaultdict[str, dict[datetime, float]] = defaultdict(dict)
    guard = PageGuard(doing, "aws")
    token: str | None = None
    while True:
        more: dict[str, Any] = {"NextToken": token} if token else {}
        clients.priced_metrics.count(len(queries))
        with regional_errors(clients, region, doing):
            page: Any = clients.cloudwatch(region).get_metric_data(
                MetricDataQueries=queries,
                StartTime=start,
                EndTime=end,
                ScanBy="TimestampAscending",
                MaxDatapoints=POINTS_A_CALL,
                **more,
            )
            for result in require_list(page, "MetricDataResults", doing=doing, provider="aws"):
                series[result["Id"]].update(_values(result, doing))
        token = page.get("NextToken")
        if not token:
            break
        guard.check(token, [token])
    missing = [query["Id"] for query in queries if query["Id"] not in series]
    if missing:
        raise UnexpectedAnswer(
            f"Could not {doing}: the answer lacks {len(missing)} of {len(queries)} metrics.",
            provider="aws",
        )
    return dict(series)


def _query(number: int, metric: int, instance_id: str) -> MetricDataQueryTypeDef:
    name, statistic = METRICS[metric]
    return {
        "Id": _id(number, metric),
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/EC2",
                "MetricName": name,
                "Dimensions": [{"Name": "InstanceId", "Value": instance_id}],
            },
            "Period": HOUR,
            "Stat": statistic,
        },
    }


def _id(number: int, metric: int) -> str:
    return f"i{number}m{metric}"


def _values(result: Mapping[str, Any], doing: str) -> dict[datetime, float]:
    """Return the values of one result; raises an error of the tree for one that failed."""
    failed = _FAILED.get(str(result.get("StatusCode")))
    if failed is not None:
        reason = "; ".join(str(one.get("Value")) for one in result.get("Messages") or ())
        text = f"Could not {doing}: CloudWatch answered {result['StatusCode']}"
        raise failed(f"{text}: {reason}" if reason else f"{text}.", provider="aws")
    times = require_list(result, "Timestamps", doing=doing, provider="aws")
    values = require_list(result, "Values", doing=doing, provider="aws")
    if len(times) != len(values):
        raise UnexpectedAnswer(f"Could not {doing}: times and values differ.", provider="aws")
    return {time.astimezone(UTC): float(value) for time, value in zip(times, values, strict=True)}
