"""The metrics of guests: what a node's round-robin databases have of a timeframe.

The timeframes and their points are those of Proxmox VE 9. A stopped guest has points without
values, as the databases have.
Source: https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/qemu/{vmid}/rrddata
"""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.instance_use import HOUR, hour_of_use
from skyclust_sandbox.proxmox.guests import usage
from skyclust_sandbox.proxmox.replies import invalid
from skyclust_sandbox.proxmox.routing import ApiRequest
from skyclust_sandbox.proxmox.state import Guest

TIMEFRAMES: Final = {
    "hour": (60, 60),
    "day": (60, 1440),
    "week": (1800, 336),
    "month": (1800, 1440),
    "year": (21_600, 1440),
    "decade": (604_800, 570),
}
"""Seconds of a point, and the number of points."""

_FUNCTIONS: Final = ("AVERAGE", "MAX")


def get_points(kind: str, request: ApiRequest) -> object:
    """Return the points of a timeframe, the oldest first."""
    guest = request.guest(kind)
    timeframe = request.parameters["timeframe"]
    function = request.parameters.get("cf", "AVERAGE")
    if timeframe not in TIMEFRAMES:
        raise invalid(timeframe=_not_in(timeframe, TIMEFRAMES))
    if function not in _FUNCTIONS:
        raise invalid(cf=_not_in(function, _FUNCTIONS))
    step, number = TIMEFRAMES[timeframe]
    last = int(request.now) // step * step
    size = usage(request, guest)
    return [
        _point(guest, time, size, highest=function == "MAX")
        for time in range(last - step * number, last, step)
    ]


def _point(guest: Guest, time: int, size: dict[str, object], *, highest: bool) -> dict[str, object]:
    point: dict[str, object] = {"time": time}
    use = hour_of_use(str(guest.vmid), time // HOUR) if guest.running else None
    memory, cores = size["maxmem"], size["cores"]
    if use is None or not isinstance(memory, int):
        return point
    cpu = use.cpu_maximum if highest else use.cpu_average
    return point | {
        "cpu": cpu / 100,
        "maxcpu": cores,
        "mem": memory * use.memory / 100,
        "maxmem": memory,
        "netin": use.received / HOUR,
        "netout": use.sent / HOUR,
        "diskread": 0,
        "diskwrite": 0,
        "maxdisk": size["maxdisk"],
        "disk": 0,
    }


def _not_in(value: str, known: object) -> str:
    names = ", ".join(known) if isinstance(known, (dict, tuple)) else ""
    return f"value '{value}' does not have a value in the enumeration '{names}'"
