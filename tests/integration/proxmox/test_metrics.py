"""Metrics of guests: two lists a guest, of the timeframe that covers the window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from providers.proxmox.metrics import to_points
from providers.proxmox.provider import ProxmoxProvider
from skyclust.errors import IncompleteList
from skyclust.model.instance_metrics import InstanceMetrics
from skyclust.providerkit.metric_series import summarize
from skyclust_sandbox.instance_use import UseKind, kind_of
from skyclust_sandbox.proxmox.seed import CLUSTER
from tests.fixtures.proxmox import ProxmoxSandbox

pytestmark = pytest.mark.integration

END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def read(provider: ProxmoxProvider, ids: list[str], days: int = 14) -> dict[str, InstanceMetrics]:
    pages = provider.read_metrics(CLUSTER, ids, END - timedelta(days=days), END)
    return {one.instance_id: one for page in pages for one in page}


def test_an_estate_has_the_use_of_its_guests(proxmox_estate: ProxmoxSandbox) -> None:
    provider = ProxmoxProvider(proxmox_estate.credential())
    listed = proxmox_estate.bare().get("cluster/resources", type="vm")
    running = [str(one["vmid"]) for one in listed if one["status"] == "running"]
    found = read(provider, running)
    assert set(found) == set(running)
    for vmid, metrics in found.items():
        kind = kind_of(vmid)
        if kind is UseKind.SILENT:
            assert (metrics.points, metrics.cpu_average, metrics.memory_maximum) == (0, None, None)
            continue
        assert (metrics.points, metrics.step_seconds, metrics.days) == (672, 1800, 14)
        assert metrics.cpu_p95 is not None
        assert metrics.memory_maximum is not None
        assert metrics.busiest_day_bytes is not None
        assert (metrics.cpu_p95 < 3) is (kind is UseKind.IDLE)
        assert (metrics.memory_maximum > 60) is (kind is UseKind.BUSY)
        assert (metrics.busiest_day_bytes < 5_000_000) is (kind is UseKind.IDLE)
    assert {kind_of(vmid) for vmid in running} == set(UseKind)


def test_guests_that_do_not_run_or_exist_have_no_points(proxmox_estate: ProxmoxSandbox) -> None:
    provider = ProxmoxProvider(proxmox_estate.credential())
    listed = proxmox_estate.bare().get("cluster/resources", type="vm")
    [stopped, *_] = [str(one["vmid"]) for one in listed if one["status"] == "stopped"]
    found = read(provider, [stopped, "987654"])
    assert [one.points for one in found.values()] == [0, 0]


def test_a_guest_of_an_offline_node_is_named(proxmox_estate: ProxmoxSandbox) -> None:
    provider = ProxmoxProvider(proxmox_estate.credential())
    listed = proxmox_estate.bare().get("cluster/resources", type="vm")
    here = {one["node"]: str(one["vmid"]) for one in listed if one["status"] == "running"}
    proxmox_estate.bare().post("nodes/pve2/status", command="shutdown")
    pages = provider.read_metrics(
        CLUSTER, [here["pve1"], here["pve2"]], END - timedelta(days=14), END
    )
    assert [one.instance_id for one in next(pages)] == [here["pve1"]]
    with pytest.raises(IncompleteList) as raised:
        next(pages)
    [item] = raised.value.items
    assert item.name == here["pve2"]
    assert "pve2 is offline" in item.reason


def test_points_of_twelve_hours_have_a_maximum_and_no_percentile() -> None:
    step = 43_200
    times = [int(END.timestamp()) - step * n for n in (3, 2, 1)]
    averages: list[dict[str, Any]] = [
        {"time": times[0], "cpu": 0.01, "mem": 10, "maxmem": 40, "netin": 1.5, "netout": "0.5"},
        {"time": times[1]},  # the guest was off
        {"time": times[2], "cpu": 0.03, "mem": 20, "maxmem": 40, "netin": 0, "netout": 0},
    ]
    maxima: list[dict[str, Any]] = [
        {"time": times[0], "cpu": 0.2, "mem": 12, "maxmem": 40},
        {"time": times[1]},
        {"time": times[2], "cpu": 0.1, "mem": 30, "maxmem": 40},
    ]
    start = END - timedelta(days=14)
    found = summarize("7", start, END, to_points(averages, maxima, step), step)
    assert (found.points, found.days, found.cpu_p95) == (2, 1.0, None)
    assert (found.cpu_average, found.cpu_maximum) == (2.0, 20.0)
    assert (found.memory_average, found.memory_maximum) == (37.5, 75.0)
    assert found.network_bytes == 2 * step
