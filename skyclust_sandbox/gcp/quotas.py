"""Quotas: how much of a region a project may use (https://cloud.google.com/compute/quotas)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from skyclust_sandbox.gcp.links import name_in
from skyclust_sandbox.gcp.locations import region_of
from skyclust_sandbox.gcp.machine_types import machine_types
from skyclust_sandbox.gcp.responses import Resource
from skyclust_sandbox.gcp.state import OperationFailure, Project

LIMITS: Final[Mapping[str, float]] = {
    "CPUS": 2400.0,
    "DISKS_TOTAL_GB": 204_800.0,
    "SSD_TOTAL_GB": 204_800.0,
    "STATIC_ADDRESSES": 70.0,
    "IN_USE_ADDRESSES": 575.0,
    "INSTANCES": 6000.0,
}
"""What a project may use of each region."""

_RELEASED: Final = frozenset({"TERMINATED", "SUSPENDED"})


def limits(project: Project, region: str) -> dict[str, float]:
    """Return what a project may use of a region, by metric."""
    return {**LIMITS, **project.limits.get(region, {})}


def usage(project: Project, region: str) -> dict[str, float]:
    """Return what a project uses of a region, by metric."""
    used: Counter[str] = Counter()
    for instance in _in(project, "instances", region):
        used["INSTANCES"] += 1
        if instance["status"] not in _RELEASED:
            used["CPUS"] += _cores(project, instance["machineType"], name_in(instance["zone"]))
            used["IN_USE_ADDRESSES"] += sum(
                len(one.get("accessConfigs", ())) for one in instance["networkInterfaces"]
            )
    for disk in _in(project, "disks", region):
        used[_disk_metric(disk)] += int(disk["sizeGb"])
    addresses = project.resources.get("addresses", {}).get(f"regions/{region}", {})
    used["STATIC_ADDRESSES"] = len(addresses)
    return {metric: float(used[metric]) for metric in LIMITS}


def told(project: Project, region: str) -> list[Resource]:
    """Return the quotas as a region shows them."""
    used = usage(project, region)
    return [
        {"metric": metric, "limit": limit, "usage": used.get(metric, 0.0)}
        for metric, limit in limits(project, region).items()
    ]


def machine_excess(project: Project, zone: str, machine_type: str) -> OperationFailure | None:
    """Return how one more running machine would break a quota, None when it would not."""
    region = region_of(zone)
    used, allowed = usage(project, region), limits(project, region)
    needed = {"CPUS": _cores(project, machine_type, zone), "INSTANCES": 1}
    return next(
        (
            _exceeded(metric, allowed[metric], region)
            for metric, count in needed.items()
            if used[metric] + count > allowed[metric]
        ),
        None,
    )


def start_excess(project: Project, instance: Resource) -> OperationFailure | None:
    """Return how a start would break a quota, None when it would not."""
    zone = name_in(instance["zone"])
    region = region_of(zone)
    cores = _cores(project, instance["machineType"], zone)
    allowed = limits(project, region)["CPUS"]
    if usage(project, region)["CPUS"] + cores > allowed:
        return _exceeded("CPUS", allowed, region)
    return None


def disk_excess(project: Project, zone: str, disk: Resource) -> OperationFailure | None:
    """Return how one more disk would break a quota, None when it would not."""
    region, metric = region_of(zone), _disk_metric(disk)
    allowed = limits(project, region)[metric]
    if usage(project, region)[metric] + int(disk["sizeGb"]) > allowed:
        return _exceeded(metric, allowed, region)
    return None


def address_excess(project: Project, scope: str) -> OperationFailure | None:
    """Return how one more address would break a quota, None when it would not."""
    region = scope.removeprefix("regions/")
    if region == "global":
        return None
    allowed = limits(project, region)["STATIC_ADDRESSES"]
    if usage(project, region)["STATIC_ADDRESSES"] + 1 > allowed:
        return _exceeded("STATIC_ADDRESSES", allowed, region)
    return None


def _in(project: Project, collection: str, region: str) -> list[Resource]:
    return [
        one
        for scope, shelf in project.resources.get(collection, {}).items()
        if scope.startswith("zones/") and region_of(scope.removeprefix("zones/")) == region
        for one in shelf.values()
    ]


def _cores(project: Project, machine_type: str, zone: str) -> int:
    return int(machine_types(project.name, zone)[name_in(machine_type)]["guestCpus"])


def _disk_metric(disk: Resource) -> str:
    return "DISKS_TOTAL_GB" if name_in(disk["type"]) == "pd-standard" else "SSD_TOTAL_GB"


def _exceeded(metric: str, limit: float, region: str) -> OperationFailure:
    message = f"Quota '{metric}' exceeded.  Limit: {limit:.1f} in region {region}."
    return OperationFailure("QUOTA_EXCEEDED", 403, message)
