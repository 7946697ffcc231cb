"""Nova's quotas: the default limits, the usage of a project, and the refusal beyond a limit.

Source: https://docs.openstack.org/nova/latest/admin/quotas.html
"""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.quotas import limits_of
from skyclust_sandbox.openstack.state import Flavor, Region

DEFAULTS: Final = {
    "instances": 200,
    "cores": 1600,
    "ram": 3_276_800,
    "key_pairs": 100,
    "metadata_items": 128,
    "server_groups": 10,
    "server_group_members": 10,
}
"""Nova's limits for projects that have none of their own; -1 is no limit."""


def server_limits(region: Region, project_id: str) -> dict[str, int]:
    """Return nova's limits of a project."""
    return limits_of(region, "compute", project_id, DEFAULTS)


def servers_used(region: Region, project_id: str) -> dict[str, int]:
    """Return how many servers, cores and MiB of memory a project uses."""
    flavors = [
        server.flavor for server in region.servers.values() if server.project_id == project_id
    ]
    return {
        "instances": len(flavors),
        "cores": sum(flavor.vcpus for flavor in flavors),
        "ram": sum(flavor.memory for flavor in flavors),
    }


def require_servers(context: Context, flavor: Flavor, number: int) -> None:
    """Refuse with 403 when this number of servers of a flavor exceeds the caller's quota."""
    used = servers_used(context.region, context.project_id)
    requested = {
        "instances": number,
        "cores": number * flavor.vcpus,
        "ram": number * flavor.memory,
    }
    require(context, used, requested)


def require(context: Context, used: dict[str, int], requested: dict[str, int]) -> None:
    """Refuse with 403, in nova's own text, a request that exceeds nova's limits."""
    limits = server_limits(context.region, context.project_id)
    over = [name for name in requested if 0 <= limits[name] < used[name] + requested[name]]
    if over:
        names = ", ".join(over)
        amounts = ", ".join(str(requested[name]) for name in over)
        taken = ", ".join(str(used[name]) for name in over)
        allowed = ", ".join(str(limits[name]) for name in over)
        raise context.refused(
            403,
            f"Quota exceeded for {names}: Requested {amounts}, but already used {taken} of"
            f" {allowed} {names}",
        )
