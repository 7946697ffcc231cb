"""The rules of metrics: running instances that do nothing, or less than their size allows.

A rule looks at the last summary of an instance's metrics alone, so that the same store gives the
same advice. What cannot be judged is counted with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from skyclust.costs.advice.estate import Estate
from skyclust.costs.advice.records import Advice, AdviceAction, AdviceRule, NotAssessed, Saving
from skyclust.costs.advice.rules import NO_METRICS, NOT_FRESH, SavingOf, counted, make_advice
from skyclust.costs.metrics.plan import reads_metrics
from skyclust.costs.resource_matching import resource_key
from skyclust.model.instance import InstanceState
from skyclust.model.instance_action import InstanceAction
from skyclust.model.instance_metrics import (
    InstanceMetrics,
    InstanceSize,
    MetricsRecord,
    ResizeOptions,
)
from skyclust.model.resource import ResourceKind
from skyclust.model.stored import StoredResource

IDLE_CPU: Final = 3.0
"""Percent. Azure Advisor shuts down below it, by the 95th percentile of maxima as well
(https://learn.microsoft.com/en-us/azure/advisor/advisor-cost-recommendations)."""

IDLE_BYTES: Final = 5_000_000
"""A day, received and sent. The low utilization of AWS Trusted Advisor
(https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html)."""

OVERSIZED_CPU: Final = 40.0
"""Percent. AWS's paper on right sizing looks for instances below it
(https://docs.aws.amazon.com/whitepapers/latest/cost-optimization-right-sizing)."""

TARGET_CPU: Final = 60.0
TARGET_MEMORY: Final = 70.0
"""Percent of the smaller size, between Azure Advisor's 40 for workloads that face users and 80 for
others."""

LEAST_DAYS: Final = 7
"""Days that the points cover together: every day of the week once."""

OLDEST_POINT: Final = timedelta(days=2)
"""The collection reads each day; what an instance did before says less of what it does now."""

NOT_READ: Final = "no metrics of them were read yet: the daily collection of costs reads them"
FAILED: Final = "the last read of their metrics failed: {error}"
NO_POINTS: Final = "the cloud has no points of their metrics"
OLD_POINTS: Final = f"their newest point is older than {OLDEST_POINT.days} days"
FEW_POINTS: Final = f"less than {LEAST_DAYS} days of points are known"
TOO_YOUNG: Final = "they are younger than the window of their metrics"
CPU_UNKNOWN: Final = "the cloud does not say the maximum of their CPU use"
NETWORK_UNKNOWN: Final = "the cloud does not say their network traffic"
RESIZED: Final = "they were resized in the window of their metrics"
SIZES_UNKNOWN: Final = "the catalog does not have their type"

ResizeSaving = Callable[[StoredResource, InstanceSize], Saving]
_RULES: Final = (AdviceRule.IDLE_INSTANCE, AdviceRule.OVERSIZED_INSTANCE)


@dataclass(frozen=True)
class _Use:
    """A summary that may be judged, and the CPU value by which it is."""

    metrics: InstanceMetrics
    options: ResizeOptions | None
    cpu: float


def metric_advice(
    estate: Estate, saving: SavingOf, resize_saving: ResizeSaving, now: datetime
) -> Iterator[Advice]:
    """Yield the advice of both rules; an idle instance is not advised to be resized."""
    for instance in _running(estate):
        use = _use_of(estate, instance, now)
        if isinstance(use, str):
            continue
        if _is_idle(use):
            yield _idle(instance, use, saving(instance))
            continue
        size = _smaller(estate, instance, use)
        if isinstance(size, InstanceSize):
            yield _oversized(instance, use, size, resize_saving(instance, size))


def metrics_not_assessed(estate: Estate, now: datetime) -> list[NotAssessed]:
    """Return how many running instances the rules could not judge, by cloud and reason."""
    counts: Counter[tuple[str, AdviceRule, str]] = Counter()
    for one in estate.not_fresh(ResourceKind.INSTANCE):
        if one.state == InstanceState.RUNNING.value:
            counts.update((one.provider, rule, NOT_FRESH) for rule in _RULES)
    for instance in _running(estate):
        use, provider = _use_of(estate, instance, now), instance.provider
        if isinstance(use, str):
            counts.update((provider, rule, use) for rule in _RULES)
            continue
        if _is_idle(use) is None:
            counts[provider, AdviceRule.IDLE_INSTANCE, NETWORK_UNKNOWN] += 1
        reason = _smaller(estate, instance, use)
        if isinstance(reason, str) and not _is_idle(use):
            counts[provider, AdviceRule.OVERSIZED_INSTANCE, reason] += 1
    return counted(counts)


def _running(estate: Estate) -> list[StoredResource]:
    return [
        one
        for one in estate.fresh(ResourceKind.INSTANCE)
        if one.state == InstanceState.RUNNING.value
    ]


def _use_of(estate: Estate, instance: StoredResource, now: datetime) -> _Use | str:
    """Return the use of an instance, or the reason why it is not known well enough."""
    record = estate.metrics.get(resource_key(instance))
    if record is None:
        return NOT_READ if reads_metrics(instance.provider) else _no_metrics(instance)
    metrics = record.metrics
    if metrics is None:
        return _failed(record) or NOT_READ
    if metrics.newest_at is None or now - metrics.newest_at > OLDEST_POINT:
        return _failed(record) or (NO_POINTS if metrics.newest_at is None else OLD_POINTS)
    # Where the points are too long for a percentile, the maximum is at least as high.
    cpu = metrics.cpu_p95 if metrics.cpu_p95 is not None else metrics.cpu_maximum
    if cpu is None:
        return CPU_UNKNOWN
    return _too_little(instance, metrics) or _Use(metrics, record.options, cpu)


def _too_little(instance: StoredResource, metrics: InstanceMetrics) -> str:
    """Return why the points are too few to judge by, empty where they are not."""
    if (instance.created_at or instance.first_seen_at) > metrics.start:
        return TOO_YOUNG
    return FEW_POINTS if metrics.days < LEAST_DAYS else ""


def _no_metrics(instance: StoredResource) -> str:
    return NO_METRICS.format(provider=instance.provider)


def _failed(record: MetricsRecord) -> str:
    return FAILED.format(error=record.error.removesuffix(".")) if record.error else ""


def _is_idle(use: _Use) -> bool | None:
    """Return whether an instance does nothing; None where its traffic would decide."""
    if use.cpu >= IDLE_CPU:
        return False
    traffic = use.metrics.busiest_day_bytes
    return None if traffic is None else traffic <= IDLE_BYTES


def _smaller(estate: Estate, instance: StoredResource, use: _Use) -> InstanceSize | str | None:
    """Return the nearest smaller size that the use fits into; None where there is none.

    A text is the reason why that is not known.
    """
    changed = estate.resized.get(resource_key(instance))
    if changed is not None and changed > use.metrics.start:
        return RESIZED
    if use.options is None or use.options.size.type != instance.attributes.get("type"):
        return SIZES_UNKNOWN
    if use.cpu >= OVERSIZED_CPU or not use.options.smaller:
        return None
    own, nearest = use.options.size, use.options.smaller[0]
    memory = use.metrics.memory_maximum
    if use.cpu * own.cores / nearest.cores > TARGET_CPU:
        return None
    if memory is not None and memory * own.memory_mib / nearest.memory_mib > TARGET_MEMORY:
        return None
    return nearest


def _idle(instance: StoredResource, use: _Use, saving: Saving) -> Advice:
    return make_advice(
        AdviceRule.IDLE_INSTANCE,
        instance,
        saving,
        [_cpu_text(use), _network_text(use.metrics), _window_text(use.metrics)],
        "Stop the instance, and delete it later if nobody misses it. Its disks and addresses cost"
        " the same until they are deleted.",
        AdviceAction(InstanceAction.STOP, instance.id),
    )


def _oversized(instance: StoredResource, use: _Use, size: InstanceSize, saving: Saving) -> Advice:
    if use.options is None:
        raise ValueError(f"instance {instance.id} has no known size")
    own = use.options.size
    evidence = [
        _cpu_text(use),
        _memory_text(use.metrics),
        f"{own.type} has {_size_text(own)}, {size.type} {_size_text(size)}",
        f"its CPU would be used to {use.cpu * own.cores / size.cores:.0f} %",
        _window_text(use.metrics),
    ]
    if use.options.burstable:
        evidence.append("a burstable type: whether its CPU credits suffice is not known")
    return make_advice(
        AdviceRule.OVERSIZED_INSTANCE,
        instance,
        saving,
        evidence,
        f"Resize the instance to {size.type}, which stops it for a while.",
        AdviceAction(InstanceAction.RESIZE, instance.id, type=size.type),
    )


def _cpu_text(use: _Use) -> str:
    metrics = use.metrics
    average = "" if metrics.cpu_average is None else f"{metrics.cpu_average:.1f} % on average, "
    which = (
        "in 95 % of hours" if metrics.cpu_p95 is not None else "at most, by points of some hours"
    )
    return f"CPU {average}up to {use.cpu:.1f} % {which}"


def _memory_text(metrics: InstanceMetrics) -> str:
    if metrics.memory_maximum is None:
        return "memory use is not known: look at it before you resize"
    return f"memory up to {metrics.memory_maximum:.0f} %"


def _network_text(metrics: InstanceMetrics) -> str:
    return f"network {(metrics.busiest_day_bytes or 0) / 1e6:.1f} MB on its busiest day"


def _window_text(metrics: InstanceMetrics) -> str:
    newest = f", the newest of {metrics.newest_at:%Y-%m-%d %H:%M} UTC" if metrics.newest_at else ""
    return f"{metrics.points} points from {metrics.start:%Y-%m-%d} on{newest}"


def _size_text(size: InstanceSize) -> str:
    return f"{size.cores} cores and {size.memory_mib / 1024:g} GiB"
