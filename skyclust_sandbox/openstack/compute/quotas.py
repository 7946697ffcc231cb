"""Quotas on servers, and what is used of them.

Source: https://docs.openstack.org/nova/latest/admin/quotas.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Flavor, Region

SERVERS: Final = {
    "instances": 200,
    "cores": 1600,
    "ram": 3_276_800,
    "key_pairs": 100,
    "metadata_items": 128,
    "server_groups": 10,
    "server_group_members": 10,
}
"""Nova's limits where nobody set others; -1 is none."""

VOLUMES: Final = {"volumes": 400, "snapshots": 400, "gigabytes": 100_000, "backups": 10}
"""Cinder's limits where nobody set others."""

NETWORKS: Final = {
    "network": 100,
    "subnet": 100,
    "port": 500,
    "router": 10,
    "floatingip": 50,
    "security_group": 50,
    "security_group_rule": 500,
}
"""Neutron's limits where nobody set others."""


def limits_of(
    region: Region, service: str, project_id: str, defaults: dict[str, int]
) -> dict[str, int]:
    """Return the limits of a project at a service."""
    return {**defaults, **region.quotas.get((service, project_id), {})}


def server_limits(region: Region, project_id: str) -> dict[str, int]:
    """Return nova's limits of a project."""
    return limits_of(region, "compute", project_id, SERVERS)


def servers_used(region: Region, project_id: str) -> dict[str, int]:
    """Return how many servers, cores and MiB of memory a project has."""
    flavors = [one.flavor for one in region.servers.values() if one.project_id == project_id]
    return {
        "instances": len(flavors),
        "cores": sum(flavor.vcpus for flavor in flavors),
        "ram": sum(flavor.memory for flavor in flavors),
    }


def require_servers(context: Context, flavor: Flavor, number: int) -> None:
    """Refuse with 403 when so many servers of a flavor are more than the project may have."""
    used = servers_used(context.region, context.project_id)
    wanted = {
        "instances": number,
        "cores": number * flavor.vcpus,
        "ram": number * flavor.memory,
    }
    require(context, used, wanted)


def require(context: Context, used: dict[str, int], wanted: dict[str, int]) -> None:
    """Refuse with 403 what would go beyond nova's limits, in nova's words."""
    limits = server_limits(context.region, context.project_id)
    over = [name for name in wanted if 0 <= limits[name] < used[name] + wanted[name]]
    if over:
        names = ", ".join(over)
        requested = ", ".join(str(wanted[name]) for name in over)
        taken = ", ".join(str(used[name]) for name in over)
        allowed = ", ".join(str(limits[name]) for name in over)
        raise context.refused(
            403,
            f"Quota exceeded for {names}: Requested {requested}, but already used {taken} of"
            f" {allowed} {names}",
        )


def volumes_used(region: Region, project_id: str) -> dict[str, int]:
    """Return how many volumes, snapshots and GiB a project has; snapshots count as GiB too."""
    volumes = [one for one in region.volumes.values() if one.project_id == project_id]
    snapshots = [one for one in region.snapshots.values() if one.project_id == project_id]
    gigabytes = sum(one.size for one in volumes) + sum(one.size for one in snapshots)
    return {"volumes": len(volumes), "snapshots": len(snapshots), "gigabytes": gigabytes}


def volumes_fit(context: Context, project_id: str, sizes: Sequence[int]) -> bool:
    """Return whether a project may have volumes of these sizes besides those it has."""
    limits = limits_of(context.region, "block-storage", project_id, VOLUMES)
    used = volumes_used(context.region, project_id)
    number, gigabytes = limits["volumes"], limits["gigabytes"]
    return not sizes or (
        (number < 0 or used["volumes"] + len(sizes) <= number)
        and (gigabytes < 0 or used["gigabytes"] + sum(sizes) <= gigabytes)
    )
