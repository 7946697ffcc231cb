"""Forecasts and the search for anomalies stay as good as they were: bars in forecast_bars.json.

A sample of what `make bench` measures, on a seed that nothing was chosen on. Someone who makes them
better moves the bars.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.anomaly_scores import detection
from benchmarks.forecast_scores import coverage_bounds, pooled
from benchmarks.forecasts import bill_cases, public_cases, scores

pytestmark = [pytest.mark.benchmark, pytest.mark.slow, pytest.mark.timeout(900)]

BARS: dict[str, Any] = json.loads(Path(__file__).with_name("forecast_bars.json").read_text())
SEED = 20


def beside(figures: dict[str, Any], measure: str, rival: str) -> float:
    """Return our error by that of a rival."""
    return float(figures[measure]["skyclust"] / figures[measure][rival])


def test_bills_are_forecast_better_than_by_the_last_week() -> None:
    results = scores(bill_cases(210, seed=SEED, step=5, rival=False))
    figures = pooled(results)
    print(json.dumps(figures))
    bars = BARS["bills"]
    for measure in ("mase", "wape"):
        share = beside(figures, measure, "seasonal_naive")
        assert share <= bars[f"{measure}_beside_seasonal_naive_at_most"]
    low, high = coverage_bounds(results)
    assert bars["coverage_at_least"] <= low
    assert high <= bars["coverage_at_most"]


def test_month_totals_are_near_what_came() -> None:
    figures: dict[str, Any] = pooled(scores(bill_cases(70, seed=SEED, step=1, rival=False)))
    print(json.dumps(figures["month_total_error"]))
    for day, bar in BARS["month_total_median_error_at_most"].items():
        assert figures["month_total_error"][int(day)]["median"] <= bar


def test_bills_and_public_series_are_forecast_better_than_by_holt_winters() -> None:
    bills = scores(bill_cases(84, seed=SEED, step=14, rival=True))
    public = scores(list(public_cases(step=14, rival=True, every=8)))
    results = bills + public
    figures = pooled(results)
    print(json.dumps(figures))
    bars = BARS["together"]
    for rival in ("seasonal_naive", "damped_holt_winters"):
        assert beside(figures, "mase", rival) <= bars[f"mase_beside_{rival}_at_most"]
    assert bars["coverage_at_least"] <= figures["coverage"] <= bars["coverage_at_most"]


def test_threefold_spikes_are_detected_and_little_else() -> None:
    found = detection(210, seed=SEED)
    print(json.dumps(found.figures()))
    bars = BARS["anomalies"]
    assert found.detected / found.planted >= bars["recall_at_least"]
    assert found.false_alarms / found.quarters <= bars["false_alarms_a_quarter_at_most"]
