"""Metrics of guests, as each node's round-robin databases keep them.

Two reads a guest: the averages, and the maxima. The window decides which timeframe is read; its
points are half an hour (Proxmox VE 9), six hours (its first releases), or three or twelve hours
(before) long.
Source: https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/qemu/{vmid}/rrddata
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.fields import missing, to_number, to_time
from providers.proxmox.guest_lists import to_vmid, unconfirmed
from providers.proxmox.guest_lookup import list_at_nodes
from providers.proxmox.guests import READERS
from providers.proxmox.permissions import require_privilege
from providers.proxmox.regions import check_region
from skyclust.contract import MetricsProvider
from skyclust.errors import IncompleteList, NotFound, PermissionDenied, UnreadableItem
from skyclust.model.instance_metrics import InstanceMetrics
from skyclust.providerkit.metric_series import MetricPoint, summarize

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients
    from providers.proxmox.guest_lookup import NodeGuests
    from providers.proxmox.guest_records import Location

PAGE_SIZE: Final = 50
"""How many guests are read before they are yielded."""

TIMEFRAMES: Final = (("week", timedelta(days=7)), ("month", timedelta(days=30)))
"""The finest that covers a window is read."""

Outcome = InstanceMetrics | UnreadableItem
Point = Mapping[str, Any]


class ProxmoxMetrics(MetricsProvider):
    """CPU, memory and network of VMs and containers; memory as the host sees it."""

    _clients: ProxmoxClients

    def read_metrics(
        self, region: str, instance_ids: Sequence[str], start: datetime, end: datetime
    ) -> Iterator[Sequence[InstanceMetrics]]:
        """Yield the use of each guest; one that no node has yields metrics without points."""
        check_region(self._clients, region)
        doing = f"read the metrics of {len(instance_ids)} guests in {region}"
        nodes = list_at_nodes(self._clients, doing)
        if not nodes.locations:
            require_privilege(self._clients, "VM.Audit", doing)
        unreadable: list[UnreadableItem] = []

        def read(instance_id: str) -> Outcome:
            return _read_guest(self._clients, nodes, region, instance_id, start, end)

        with ThreadPoolExecutor(READERS, thread_name_prefix="proxmox") as pool:
            for first in range(0, len(instance_ids), PAGE_SIZE):
                page = list(pool.map(read, instance_ids[first : first + PAGE_SIZE]))
                unreadable += [one for one in page if isinstance(one, UnreadableItem)]
                yield [one for one in page if isinstance(one, InstanceMetrics)]
        if unreadable:
            raise IncompleteList(
                f"The metrics of {len(unreadable)} guests in {region} cannot be read:"
                f" {unreadable[0].name} ({unreadable[0].reason}).",
                items=unreadable,
                provider="proxmox",
            )


def timeframe_of(start: datetime, end: datetime) -> str:
    """Return the name of the timeframe that covers a window."""
    return next((name for name, length in TIMEFRAMES if end - start <= length), "year")


def _read_guest(  # noqa: PLR0917  # a window has two ends
    clients: ProxmoxClients,
    nodes: NodeGuests,
    region: str,
    instance_id: str,
    start: datetime,
    end: datetime,
) -> Outcome:
    doing = f"read the metrics of guest {instance_id}"
    try:
        location = nodes.locations.get(to_vmid(instance_id))
        if location is None and nodes.offline:
            reason = unconfirmed(doing, nodes.offline[0]).message
            return UnreadableItem(region, instance_id, reason)
        averages, maxima = (
            _read_points(clients, location, timeframe_of(start, end), kind, doing)
            if location is not None
            else []
            for kind in ("AVERAGE", "MAX")
        )
    except PermissionDenied as error:
        return UnreadableItem(region, instance_id, error.message)
    except NotFound:  # deleted or moved since the nodes listed it
        averages, maxima = [], []
    step = step_of(averages)
    return summarize(instance_id, start, end, to_points(averages, maxima, step), step)


def _read_points(
    clients: ProxmoxClients, location: Location, timeframe: str, kind: str, doing: str
) -> list[Point]:
    points = clients.get_list(f"{location.path}/rrddata", doing, timeframe=timeframe, cf=kind)
    if not all(isinstance(point, Mapping) for point in points):
        raise missing("time")
    return points


def step_of(points: Sequence[Point]) -> int | None:
    """Return how many seconds each point lasts; None for fewer than two points."""
    times = sorted({time for point in points if (time := to_time(point.get("time"))) is not None})
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return round(min(gaps).total_seconds()) if gaps else None


def to_points(
    averages: Sequence[Point], maxima: Sequence[Point], step: int | None
) -> list[MetricPoint]:
    """Return points of both lists, by time; a field that a point lacks was not recorded."""
    highest = {to_time(point.get("time")): point for point in maxima}
    found = []
    for point in averages:
        time = to_time(point.get("time"))
        if time is None:
            raise missing("time")
        most = highest.get(time, {})
        received, sent = to_number(point.get("netin")), to_number(point.get("netout"))
        found.append(
            MetricPoint(
                time,
                # A share of all cores of the guest.
                cpu_average=_percent(point.get("cpu"), 1),
                cpu_maximum=_percent(most.get("cpu"), 1),
                memory_average=_percent(point.get("mem"), point.get("maxmem")),
                memory_maximum=_percent(most.get("mem"), most.get("maxmem")),
                network_bytes=None
                if received is None or sent is None or step is None
                else (received + sent) * step,  # bytes a second
            )
        )
    return found


def _percent(part: object, whole: object) -> float | None:
    number, total = to_number(part), to_number(whole)
    return None if number is None or not total else 100 * number / total
