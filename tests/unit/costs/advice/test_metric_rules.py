"""The rules of metrics by hand: idle, too large, and what cannot be judged."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from skyclust.costs.advice.estate import Estate
from skyclust.costs.advice.metric_rules import metric_advice, metrics_not_assessed
from skyclust.costs.advice.records import UNKNOWN_SAVING, Advice, AdviceAction, AdviceRule
from skyclust.costs.resource_matching import resource_key
from skyclust.model.instance_action import InstanceAction
from skyclust.model.instance_metrics import (
    InstanceMetrics,
    InstanceSize,
    MetricsRecord,
    ResizeOptions,
)
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeState
from skyclust.model.stored import StoredResource
from tests.unit.costs.advice.estates import NOW, estate, stored

START = NOW - timedelta(days=14)
XLARGE = InstanceSize(type="m5.xlarge", cores=4, memory_mib=16384)
LARGE = InstanceSize(type="m5.large", cores=2, memory_mib=8192)
OPTIONS = ResizeOptions(size=XLARGE, smaller=(LARGE,))
IDLE, OVERSIZED = AdviceRule.IDLE_INSTANCE, AdviceRule.OVERSIZED_INSTANCE


def instance(**changed: Any) -> StoredResource:
    fields = {
        "state": "running",
        "created_at": datetime(2025, 6, 1, tzinfo=NOW.tzinfo),
        "attributes": {"type": "m5.xlarge"},
    }
    return stored(ResourceKind.INSTANCE, "i-1", **(fields | changed))


def metrics(**changed: Any) -> InstanceMetrics:
    fields: dict[str, Any] = {
        "instance_id": "i-1",
        "start": START,
        "end": NOW,
        "points": 336,
        "step_seconds": 3600,
        "newest_at": NOW - timedelta(hours=1),
        "cpu_average": 0.8,
        "cpu_maximum": 9.0,
        "cpu_p95": 1.6,
        "network_bytes": 20_000_000,
        "busiest_day_bytes": 1_500_000,
    }
    return InstanceMetrics(**(fields | changed))


def with_record(one: StoredResource, resized: datetime | None = None, /, **changed: Any) -> Estate:
    fields: dict[str, Any] = {
        "credential": "prod",
        "region": "eu-central-1",
        "instance_id": "i-1",
        "metrics": metrics(),
        "options": OPTIONS,
        "read_at": NOW,
    }
    found = estate(one)
    key = resource_key(one)
    record = MetricsRecord(**(fields | changed))
    return Estate(
        found.resources,
        found.unchanged,
        found.scopes,
        {key: record},
        {key: resized} if resized else {},
    )


def advise(found: Estate) -> list[Advice]:
    return list(metric_advice(found, lambda _: UNKNOWN_SAVING, lambda *_: UNKNOWN_SAVING, NOW))


def skipped(found: Estate) -> dict[AdviceRule, str]:
    return {one.rule: one.reason for one in metrics_not_assessed(found, NOW)}


def test_an_instance_that_does_nothing_is_stopped() -> None:
    found = with_record(instance())
    [one] = advise(found)
    assert (one.rule, one.evidence_at) == (IDLE, instance().observed_at)
    assert one.evidence == (
        "CPU 0.8 % on average, up to 1.6 % in 95 % of hours",
        "network 1.5 MB on its busiest day",
        "336 points from 2026-02-25 on, the newest of 2026-03-11 11:00 UTC",
    )
    assert one.action == AdviceAction(InstanceAction.STOP, "i-1")
    assert "disks and addresses cost the same" in one.what_to_do
    assert not skipped(found)


@pytest.mark.parametrize(
    "changed",
    [{"cpu_p95": 3.0}, {"busiest_day_bytes": 5_000_001}, {"cpu_p95": None, "cpu_maximum": 3.0}],
)
def test_one_that_does_a_little_is_resized(changed: dict[str, Any]) -> None:
    [one] = advise(with_record(instance(), metrics=metrics(**changed)))
    assert one.rule is OVERSIZED
    assert one.action == AdviceAction(InstanceAction.RESIZE, "i-1", "m5.large")


def test_the_maximum_decides_where_the_points_are_too_long_for_a_percentile() -> None:
    [one] = advise(with_record(instance(), metrics=metrics(cpu_p95=None, cpu_maximum=2.9)))
    assert one.rule is IDLE
    assert "up to 2.9 % at most" in one.evidence[0]


@pytest.mark.parametrize(
    ("cpu", "memory", "fits"),
    [
        (30.0, None, True),  # 30 % of 4 cores are 60 % of 2
        (30.1, None, False),
        (20.0, 35.0, True),  # 35 % of 16 GiB are 70 % of 8
        (20.0, 35.1, False),
    ],
)
def test_a_smaller_size_is_used_within_its_limits(
    cpu: float, memory: float | None, fits: bool
) -> None:
    use = metrics(cpu_p95=cpu, busiest_day_bytes=10**9, memory_maximum=memory)
    found = with_record(instance(), metrics=use)
    advice = advise(found)
    assert [one.rule for one in advice] == ([OVERSIZED] if fits else [])
    if fits:
        known = "memory use is not known: look at it before you resize" in advice[0].evidence
        assert known is (memory is None)
        target = f"its CPU would be used to {2 * cpu:.0f} %"
        assert target in advice[0].evidence
    assert not skipped(found)


def test_fewer_cores_with_the_same_memory_need_no_memory_limit() -> None:
    same = ResizeOptions(size=XLARGE, smaller=(LARGE.model_copy(update={"memory_mib": 16384}),))
    use = metrics(cpu_p95=10.0, memory_maximum=69.0)
    [one] = advise(with_record(instance(), metrics=use, options=same))
    assert one.rule is OVERSIZED


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"metrics": None, "read_at": None}, "no metrics of them were read yet"),
        ({"metrics": None, "error": "PermissionDenied: No."}, "failed: PermissionDenied: No"),
        ({"metrics": metrics(points=0, newest_at=None)}, "has no points"),
        ({"metrics": metrics(newest_at=NOW - timedelta(days=3))}, "older than 2 days"),
        (
            {"metrics": metrics(newest_at=NOW - timedelta(days=3)), "error": "Timeout: Slow."},
            "failed: Timeout: Slow",
        ),
        ({"metrics": metrics(points=167)}, "less than 7 days of points"),
        ({"metrics": metrics(cpu_p95=None, cpu_maximum=None)}, "maximum of their CPU"),
    ],
)
def test_what_is_not_known_well_is_not_assessed(changed: dict[str, Any], reason: str) -> None:
    found = with_record(instance(), **changed)
    assert not advise(found)
    assert set(skipped(found)) == {IDLE, OVERSIZED}
    assert all(reason in text for text in skipped(found).values())


def test_a_failed_read_leaves_the_former_summary_while_it_is_new() -> None:
    found = with_record(instance(), error="Throttled: Slow down.", failed_at=NOW)
    assert [one.rule for one in advise(found)] == [IDLE]


def test_an_instance_without_a_summary_is_not_read_yet_or_of_a_cloud_without_metrics() -> None:
    assert "read yet" in skipped(estate(instance()))[IDLE]
    assert "no metrics of this cloud: gcp" in skipped(estate(instance(provider="gcp")))[IDLE]


def test_an_instance_younger_than_the_window() -> None:
    found = with_record(instance(created_at=START + timedelta(hours=1)))
    assert not advise(found)
    assert "younger" in skipped(found)[OVERSIZED]


def test_traffic_that_is_not_known_leaves_the_other_rule() -> None:
    found = with_record(instance(), metrics=metrics(busiest_day_bytes=None))
    assert [one.rule for one in advise(found)] == [OVERSIZED]
    assert set(skipped(found)) == {IDLE}


@pytest.mark.parametrize(
    ("resized", "options", "reason"),
    [
        (START + timedelta(days=1), OPTIONS, "were resized"),
        (None, None, "does not have their type"),
        (None, ResizeOptions(size=LARGE), "does not have their type"),
    ],
)
def test_a_resize_in_the_window_or_an_unknown_size(
    resized: datetime | None, options: ResizeOptions | None, reason: str
) -> None:
    use = metrics(cpu_p95=10.0)
    found = with_record(instance(), resized, metrics=use, options=options)
    assert not advise(found)
    assert set(skipped(found)) == {OVERSIZED}
    assert reason in skipped(found)[OVERSIZED]


def test_the_smallest_size_is_assessed_and_stays() -> None:
    smallest = ResizeOptions(size=XLARGE)
    found = with_record(instance(), metrics=metrics(cpu_p95=10.0), options=smallest)
    assert not advise(found)
    assert not skipped(found)


def test_instances_that_do_not_run_or_are_not_fresh_are_not_judged() -> None:
    assert not advise(with_record(instance(state="stopped")))
    stale = with_record(instance(scope_state=ScopeState.STALE))
    assert not advise(stale)
    assert "not fresh" in skipped(stale)[IDLE]
