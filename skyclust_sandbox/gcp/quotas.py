"""Quotas of a project in each region (https://cloud.google.com/compute/quotas)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from skyclust_sandbox.gcp.links import name_in
from skyclust_sandbox.gcp.locations import region_of
from skyclust_sandbox.gcp.machine_types import machine_types
from skyclust_sandbox.gcp.request_context import OperationFailure
from skyclust_sandbox.gcp.responses import Resource
from skyclust_sandbox.gcp.state import Project

LIMITS: Final[Mapping[str, float]] = {
    "CPUS": 2400.0,
    "DISKS_TOTAL_GB": 204_800.0,
    "SSD_TOTAL_GB": 204_800.0,
    "STATIC_ADDRESSES": 70.0,
    "IN_USE_ADDRESSES": 575.0,
    "INSTANCES": 6000.0,
}
"""The default limit of each metric in a region."""

# Instances in these states use neither CPUs nor external addresses.
_STOPPED: Final = frozenset({"TERMINATED", "SUSPENDED"})


def limits(project: Project, region: str) -> dict[str, float]:
    """Return the limits of a project in a region, by metric."""
    return {**LIMITS, **project.limits.get(region, {})}


def usage(project: Project, region: str) -> dict[str, float]:
    """Return the usage of a project in a region, by metric."""
    used: Counter[str] = Counter()
    for instance in _zonal_resources(project, "instances", region):
        used["INSTANCES"] += 1
        if instance["status"] not in _STOPPED:
            used["CPUS"] += _cpus(project, instance["machineType"], name_in(instance["zone"]))
            used["IN_USE_ADDRESSES"] += sum(
                len(interface.get("accessConfigs", ()))
                for interface in instance["networkInterfaces"]
            )
    for disk in _zonal_resources(project, "disks", region):
        used[_disk_metric(disk)] += int(disk["sizeGb"])
    addresses = project.resources.get("addresses", {}).get(f"regions/{region}", {})
    used["STATIC_ADDRESSES"] = len(addresses)
    return {metric: float(used[metric]) for metric in LIMITS}


def region_quotas(project: Project, region: str) -> list[Resource]:
    """Return the field `quotas` of a region resource."""
    used = usage(project, region)
    return [
        {"metric": metric, "limit": limit, "usage": used.get(metric, 0.0)}
        for metric, limit in limits(project, region).items()
    ]


def instance_quota_failure(
    project: Project, zone: str, machine_type: str
) -> OperationFailure | None:
    """Return the failure if another running instance would exceed a quota, else None."""
    region = region_of(zone)
    used, allowed = usage(project, region), limits(project, region)
    needed = {"CPUS": _cpus(project, machine_type, zone), "INSTANCES": 1}
    return next(
        (
            _quota_exceeded(metric, allowed[metric], region)
            for metric, count in needed.items()
            if used[metric] + count > allowed[metric]
        ),
        None,
    )


def start_quota_failure(project: Project, instance: Resource) -> OperationFailure | None:
    """Return the failure if starting an instance would exceed a quota, else None."""
    zone = name_in(instance["zone"])
    region = region_of(zone)
    cpus = _cpus(project, instance["machineType"], zone)
    allowed = limits(project, region)["CPUS"]
    if usage(project, region)["CPUS"] + cpus > allowed:
        return _quota_exceeded("CPUS", allowed, region)
    return None


def disk_quota_failure(project: Project, zone: str, disk: Resource) -> OperationFailure | None:
    """Return the failure if another disk would exceed a quota, else None."""
    region, metric = region_of(zone), _disk_metric(disk)
    allowed = limits(project, region)[metric]
    if usage(project, region)[metric] + int(disk["sizeGb"]) > allowed:
        return _quota_exceeded(metric, allowed, region)
    return None


def address_quota_failure(project: Project, scope: str) -> OperationFailure | None:
    """Return the failure if another static address would exceed a quota, else None.

    Global addresses have no quota here.
    """
    region = scope.removeprefix("regions/")
    if region == "global":
        return None
    allowed = limits(project, region)["STATIC_ADDRESSES"]
    if usage(project, region)["STATIC_ADDRESSES"] + 1 > allowed:
        return _quota_exceeded("STATIC_ADDRESSES", allowed, region)
    return None


def _zonal_resources(project: Project, collection: str, region: str) -> Iterator[Resource]:
    """Yield the resources of a collection in the zones of a region."""
    for scope, resources in project.resources.get(collection, {}).items():
        if scope.startswith("zones/") and region_of(scope.removeprefix("zones/")) == region:
            yield from resources.values()


def _cpus(project: Project, machine_type: str, zone: str) -> int:
    return int(machine_types(project.name, zone)[name_in(machine_type)]["guestCpus"])


def _disk_metric(disk: Resource) -> str:
    return "DISKS_TOTAL_GB" if name_in(disk["type"]) == "pd-standard" else "SSD_TOTAL_GB"


def _quota_exceeded(metric: str, limit: float, region: str) -> OperationFailure:
    message = f"Quota '{metric}' exceeded.  Limit: {limit:.1f} in region {region}."
    return OperationFailure("QUOTA_EXCEEDED", 403, message)
