"""The API of CloudWatch: GetMetricData of the metrics that EC2 reports, in the JSON protocol.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html and
https://smithy.io/2.0/aws/protocols/aws-query-protocol.html (query compatible errors).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, Literal

from moto.ec2.models import ec2_backends
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.wrappers import Response

from skyclust_sandbox.aws.cloud import AwsCloud
from skyclust_sandbox.aws.paging import InvalidCursor, listing_of
from skyclust_sandbox.aws.wire import Call, Refusal, Refused, json_reply
from skyclust_sandbox.instance_use import HOUR, HourOfUse, hour_of_use

MOST_QUERIES: Final = 500
MOST_POINTS: Final = 100_800
_NAMESPACE: Final = "AWS/EC2"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Dimension(_Model):
    name: str = Field(alias="Name")
    value: str = Field(alias="Value")


class _Metric(_Model):
    namespace: str = Field(alias="Namespace")
    name: str = Field(alias="MetricName")
    dimensions: list[_Dimension] = Field(default=[], alias="Dimensions", max_length=30)


class _Statistic(_Model):
    metric: _Metric = Field(alias="Metric")
    period: int = Field(alias="Period", ge=HOUR, multiple_of=HOUR)
    statistic: Literal["Average", "Maximum", "Sum"] = Field(alias="Stat")


class _Query(_Model):
    id: str = Field(alias="Id", pattern=r"^[a-z][a-zA-Z0-9_]{0,254}$")
    statistic: _Statistic = Field(alias="MetricStat")


class _Request(_Model):
    queries: list[_Query] = Field(alias="MetricDataQueries", max_length=MOST_QUERIES, min_length=1)
    start: float = Field(alias="StartTime")
    end: float = Field(alias="EndTime")
    order: Literal["TimestampAscending", "TimestampDescending"] = Field(
        default="TimestampDescending", alias="ScanBy"
    )
    most_points: int = Field(default=MOST_POINTS, alias="MaxDatapoints", ge=1, le=MOST_POINTS)
    token: str | None = Field(default=None, alias="NextToken")


def answer(cloud: AwsCloud, account: str, call: Call, body: bytes) -> Response:
    """Return the reply to a call; raises Refused for one that AWS refuses.

    The caller holds the lock, and has created the region.
    """
    if call.action != "GetMetricData":
        message = f"The sandbox has no operation {call.action} of CloudWatch."
        raise Refused(Refusal("InvalidAction", message, 400))
    try:
        request = _Request.model_validate_json(body)
    except ValidationError as error:
        raise _invalid(str(error.errors()[0]["msg"])) from error
    if request.start >= request.end:
        raise _invalid("The parameter StartTime must be less than the parameter EndTime.")
    if len({query.id for query in request.queries}) < len(request.queries):
        raise _invalid("The values for parameter Id in MetricDataQueries are not unique.")
    content = _page(cloud, account, call.region, request, json.loads(body))
    return json_reply(content, version="1.0")


def _page(
    cloud: AwsCloud, account: str, region: str, request: _Request, body: dict[str, Any]
) -> dict[str, Any]:
    """Return as many whole results as the limits of points and of the page allow, one at least."""
    listing = listing_of(account, region, body)
    try:
        first = int(cloud.cursors.read(listing, request.token)) if request.token else 0
    except InvalidCursor as error:
        raise Refused(Refusal("InvalidNextToken", "The next token is invalid.", 400)) from error
    running = _running(account, region)
    largest = cloud.conditions.largest_page or len(request.queries)
    results: list[dict[str, Any]] = []
    points = 0
    for query in request.queries[first : first + largest]:
        result = _result(query, request, running)
        points += len(result["Values"])
        if results and points > request.most_points:
            break
        results.append(result)
    page: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
    if first + len(results) < len(request.queries):
        page["NextToken"] = cloud.cursors.create(listing, str(first + len(results)))
    return page


def _running(account: str, region: str) -> frozenset[str]:
    reservations = ec2_backends[account][region].all_reservations()
    return frozenset(
        instance.id
        for reservation in reservations
        for instance in reservation.instances
        if instance.state == "running"
    )


def _result(query: _Query, request: _Request, running: frozenset[str]) -> dict[str, Any]:
    """Return a result; a metric that nothing reports has no points, and is no error."""
    statistic = query.statistic
    dimensions = {one.name: one.value for one in statistic.metric.dimensions}
    points: list[tuple[int, float]] = []
    instance_id = dimensions.get("InstanceId", "")
    if statistic.metric.namespace == _NAMESPACE and len(dimensions) == 1 and instance_id in running:
        points = list(_points(instance_id, statistic, request))
    if request.order == "TimestampDescending":
        points.reverse()
    return {
        "Id": query.id,
        "Label": statistic.metric.name,
        "Timestamps": [time for time, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": "Complete",
    }


def _points(
    instance_id: str, statistic: _Statistic, request: _Request
) -> Iterator[tuple[int, float]]:
    start = int(request.start) // statistic.period * statistic.period
    for time in range(start, int(request.end), statistic.period):
        hours = [
            use
            for hour in range(time // HOUR, (time + statistic.period) // HOUR)
            if (use := hour_of_use(instance_id, hour)) is not None
        ]
        values = [value for use in hours if (value := _value(use, statistic)) is not None]
        if values:
            yield time, _together(values, statistic.statistic)


def _value(use: HourOfUse, statistic: _Statistic) -> float | None:
    match statistic.metric.name:
        case "CPUUtilization":
            return use.cpu_maximum if statistic.statistic == "Maximum" else use.cpu_average
        case "NetworkIn":
            return use.received
        case "NetworkOut":
            return use.sent
    return None


def _together(values: list[float], statistic: str) -> float:
    if statistic == "Maximum":
        return max(values)
    return sum(values) if statistic == "Sum" else sum(values) / len(values)


def _invalid(message: str) -> Refused:
    return Refused(Refusal("ValidationError", message, 400))
