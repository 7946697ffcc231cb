"""The cause of an anomaly is the part of a bill that moved, from service down to resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from skyclust.costs.anomalies.anomaly import Anomaly, Cause
from skyclust.costs.anomalies.search import find_anomalies
from tests.unit.costs.forecast.series import TODAY, daily

DAYS = [TODAY - timedelta(days=n) for n in range(120, 0, -1)]
SPIKE = TODAY - timedelta(days=6)
Costs = Mapping[str | None, Mapping[date, Decimal | None]]


def flat(cost: int, spike: int = 0) -> dict[date, Decimal | None]:
    return {day: Decimal(cost + (spike if day == SPIKE else 0)) for day in DAYS}


TREE: dict[tuple[str, ...], Costs] = {
    (): {"compute": flat(60, 190), "storage": flat(30, 10), "network": flat(10)},
    ("compute",): {"production": flat(50, 190), "test": flat(10)},
    ("compute", "production"): {"i-1": flat(50), "i-2": {SPIKE: Decimal(190)}},
}


def breakdown(filters: Mapping[str, str], dimension: str) -> Costs:
    path = [filters[one] for one in ("service", "billing_account") if one in filters]
    assert dimension == ("service", "billing_account", "resource")[len(path)]
    return TREE[tuple(path)]


def found(dimensions: Mapping[str, str], tree: Costs | None = None) -> Anomaly:
    costs: list[float | None] = [300.0 if day == SPIKE else 100.0 for day in DAYS]
    series = replace(daily(costs), dimensions=dimensions)
    [event] = find_anomalies(
        [series], TODAY, breakdown=breakdown if tree is None else lambda *_: tree
    )
    return event


def test_the_leading_value_is_followed_to_the_resource() -> None:
    assert found({}).causes == (
        Cause("service", "compute", Decimal(190), 0.95),
        Cause("billing_account", "production", Decimal(190), 0.95),
        Cause("resource", "i-2", Decimal(190), 0.95),
    )


def test_a_dimension_that_is_filtered_is_left_out() -> None:
    causes = found({"service": "compute"}).causes
    assert [cause.dimension for cause in causes] == ["billing_account", "resource"]


def test_without_a_leading_value_the_largest_are_named() -> None:
    tree: Costs = {"a": flat(1, 90), "b": flat(1, 70), None: flat(1, 30), "c": flat(1, 10)}
    causes = found({}, tree).causes
    assert [(cause.value, cause.impact) for cause in causes] == [
        ("a", Decimal(90)),
        ("b", Decimal(70)),
        (None, Decimal(30)),
    ]


def test_nothing_explains_what_has_no_parts() -> None:
    assert found({}, {}).causes == ()
