"""The suite of `MetricsProvider`: what an instance did, or an error, and never an invented zero."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from skyclust.conformance.harness import Failure, MetricsHarness
from skyclust.conformance.suite import Suite
from skyclust.contract import MetricsProvider, Provider
from skyclust.errors import (
    AuthenticationFailed,
    PermissionDenied,
    SkyClustError,
    Throttled,
    Timeout,
    Unavailable,
    UnexpectedAnswer,
)
from skyclust.model.instance_metrics import InstanceMetrics

WINDOW: Final = timedelta(days=14)


class MetricsSuite(Suite):
    """The requirements on a provider that reads how much instances are used."""

    @pytest.fixture
    def metrics(self, provider: Provider) -> MetricsProvider:
        """Return the provider as a MetricsProvider."""
        assert isinstance(provider, MetricsProvider)
        return provider

    def test_metrics_are_well_formed(
        self, metrics: MetricsProvider, harness: MetricsHarness
    ) -> None:
        """The metrics of an instance are percentages, bytes and times of its window."""
        instance = harness.metered_instance()
        [found] = _read(metrics, harness, [instance])
        assert found.instance_id == instance
        assert found.points > 0
        assert found.step_seconds
        assert found.days <= WINDOW.days
        assert found.newest_at is not None
        assert found.newest_at.utcoffset() == UTC.utcoffset(None)
        assert found.start <= found.newest_at < found.end
        assert found.cpu_average is not None
        assert found.cpu_maximum is not None
        assert found.cpu_average <= found.cpu_maximum <= 100
        if found.cpu_p95 is not None:
            assert found.step_seconds <= timedelta(hours=1).total_seconds()
            assert found.cpu_p95 <= found.cpu_maximum
        if found.memory_average is not None and found.memory_maximum is not None:
            assert 0 < found.memory_average <= found.memory_maximum
        if found.network_bytes is not None:
            assert found.busiest_day_bytes is not None
            assert found.busiest_day_bytes <= found.network_bytes

    def test_metrics_are_the_same_twice_and_once_an_instance(
        self, metrics: MetricsProvider, harness: MetricsHarness
    ) -> None:
        """Instances that are read together have the metrics that they have alone."""
        ids = [harness.metered_instance(), harness.metered_instance()]
        now = datetime.now(UTC)
        alone = [one for each in ids for one in _read(metrics, harness, [each], now)]
        assert _read(metrics, harness, ids, now) == alone

    def test_an_instance_without_points_is_unknown(
        self, metrics: MetricsProvider, harness: MetricsHarness
    ) -> None:
        """What the source has nothing of has no value, and no zero."""
        instance = harness.metered_instance()
        found = _read(metrics, harness, [harness.unknown_instance_id, instance])
        assert instance in {one.instance_id for one in found}
        for one in found:
            if one.instance_id != instance:
                known = one.model_dump(exclude={"instance_id", "start", "end", "points"})
                assert set(known.values()) == {None}
                assert one.points == 0

    def test_priced_metrics_are_counted(
        self, metrics: MetricsProvider, harness: MetricsHarness
    ) -> None:
        """Each priced metric is counted with its price; None says that reading is free."""
        _read(metrics, harness, [harness.metered_instance()])
        counted = metrics.metrics_read()
        if counted is not None:
            assert counted.calls > 0
            assert counted.price > 0
            assert counted.currency.isalpha()

    @pytest.mark.parametrize(
        ("failure", "expected"),
        [
            (Failure.DENIED, PermissionDenied),
            (Failure.EXPIRED, AuthenticationFailed),
            (Failure.THROTTLED, Throttled),
            (Failure.BROKEN, Unavailable),
        ],
        ids=["denied", "expired", "throttled", "broken"],
    )
    def test_a_failure_is_no_idle_instance(
        self,
        metrics: MetricsProvider,
        harness: MetricsHarness,
        failure: Failure,
        expected: type[SkyClustError],
    ) -> None:
        """Metrics that cannot be read raise, and are never those of an instance without use."""
        instance = harness.metered_instance()
        harness.fail(failure)
        with pytest.raises(expected) as raised:
            _read(metrics, harness, [instance])
        assert raised.value.provider == self.provider_class.name

    @pytest.mark.parametrize("failure", [Failure.HTML, Failure.NULL, Failure.NO_LIST])
    def test_an_odd_answer_is_no_idle_instance(
        self, metrics: MetricsProvider, harness: MetricsHarness, failure: Failure
    ) -> None:
        """An answer that is not the documented one raises."""
        instance = harness.metered_instance()
        harness.fail(failure)
        with pytest.raises((UnexpectedAnswer, Unavailable, Timeout)):
            _read(metrics, harness, [instance])


def _read(
    metrics: MetricsProvider,
    harness: MetricsHarness,
    instance_ids: Sequence[str],
    now: datetime | None = None,
) -> list[InstanceMetrics]:
    end = (now or datetime.now(UTC)).replace(minute=0, second=0, microsecond=0)
    pages = metrics.read_metrics(harness.region, instance_ids, end - WINDOW, end)
    return [one for page in pages for one in page]
