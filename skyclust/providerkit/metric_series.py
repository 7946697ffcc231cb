"""Summaries of time series: what the points of an instance say together."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from skyclust.model.instance_metrics import InstanceMetrics

HOUR: Final = 3600
PERCENTILE: Final = 0.95


@dataclass(frozen=True)
class MetricPoint:
    """What was recorded of an instance from `time` on; None where the source does not say.

    CPU and memory are percentages, `network_bytes` is received and sent together.
    """

    time: datetime
    cpu_average: float | None = None
    cpu_maximum: float | None = None
    memory_average: float | None = None
    memory_maximum: float | None = None
    network_bytes: float | None = None


def summarize(
    instance_id: str,
    start: datetime,
    end: datetime,
    points: Iterable[MetricPoint],
    step_seconds: int | None,
) -> InstanceMetrics:
    """Return the summary of the points in [start, end) that have a CPU value.

    A value is known when every one of these points has it: a maximum of some of them would be too
    small. `step_seconds` is how long each point lasts.
    """
    known = sorted(
        (one for one in points if start <= one.time < end and one.cpu_average is not None),
        key=lambda one: one.time,
    )
    if not known:
        return InstanceMetrics(instance_id=instance_id, start=start, end=end, points=0)
    maxima = _complete([one.cpu_maximum for one in known])
    network = _complete([one.network_bytes for one in known])
    fine = step_seconds is not None and step_seconds <= HOUR
    return InstanceMetrics(
        instance_id=instance_id,
        start=start,
        end=end,
        points=len(known),
        step_seconds=step_seconds,
        newest_at=known[-1].time,
        cpu_average=_mean(_complete([one.cpu_average for one in known])),
        cpu_maximum=max(maxima, default=None),
        cpu_p95=percentile(maxima, PERCENTILE) if maxima and fine else None,
        memory_average=_mean(_complete([one.memory_average for one in known])),
        memory_maximum=max(_complete([one.memory_maximum for one in known]), default=None),
        network_bytes=round(sum(network)) if network else None,
        busiest_day_bytes=_busiest_day([one.time.date() for one in known], network),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that a share of the values does not exceed (nearest rank).

    Source: https://www.itl.nist.gov/div898/handbook/prc/section2/prc262.htm
    """
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


def _complete(values: Sequence[float | None]) -> list[float]:
    """Return the values, or none of them where one is not known."""
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else []


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _busiest_day(days: Sequence[date], network: Sequence[float]) -> int | None:
    if not network:
        return None
    by_day: defaultdict[date, float] = defaultdict(float)
    for day, value in zip(days, network, strict=True):
        by_day[day] += value
    return round(max(by_day.values()))
