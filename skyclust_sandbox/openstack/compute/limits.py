"""Nova's limits and quota sets.

Source: https://docs.openstack.org/api-ref/compute/#limits-limits and
https://docs.openstack.org/api-ref/compute/#quota-sets-os-quota-sets
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute import quotas
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.quotas import set_limits
from skyclust_sandbox.openstack.wire import reply


def get_limits(context: Context) -> Response:
    """Return the limits of the project and their usage."""
    project_id = context.project_id
    if context.is_admin:
        project_id = context.request.args.get("tenant_id", project_id)
    limits = quotas.server_limits(context.region, project_id)
    used = quotas.servers_used(context.region, project_id)
    absolute = {
        "maxServerMeta": limits["metadata_items"],
        "maxTotalInstances": limits["instances"],
        "maxTotalRAMSize": limits["ram"],
        "maxTotalCores": limits["cores"],
        "maxTotalKeypairs": limits["key_pairs"],
        "maxServerGroups": limits["server_groups"],
        "maxServerGroupMembers": limits["server_group_members"],
        "totalInstancesUsed": used["instances"],
        "totalCoresUsed": used["cores"],
        "totalRAMUsed": used["ram"],
        "totalServerGroupsUsed": 0,
    }
    return reply({"limits": {"rate": [], "absolute": absolute}})


def get_quotas(context: Context) -> Response:
    """Return the quotas of a project."""
    project_id = _project(context)
    return reply({"quota_set": {"id": project_id, **_limits(context, project_id)}})


def get_quotas_detailed(context: Context) -> Response:
    """Return the quotas of a project with their usage."""
    project_id = _project(context)
    used = quotas.servers_used(context.region, project_id)
    quota_set = {
        name: {"limit": limit, "in_use": used.get(name, 0), "reserved": 0}
        for name, limit in _limits(context, project_id).items()
    }
    return reply({"quota_set": {"id": project_id, **quota_set}})


def set_quotas(context: Context) -> Response:
    """Set quotas of a project and return all of them; 403 unless the caller is an administrator."""
    if not context.is_admin:
        rule = "os_compute_api:os-quota-sets:update"
        raise context.refused(403, f"Policy doesn't allow {rule} to be performed.")
    project_id = context.argument("project_id")
    set_limits(context.region, "compute", project_id, context.body("quota_set"), quotas.DEFAULTS)
    return reply({"quota_set": _limits(context, project_id)})


def _project(context: Context) -> str:
    project_id = context.argument("project_id")
    if project_id != context.project_id and not context.is_admin:
        rule = "os_compute_api:os-quota-sets:show"
        raise context.refused(403, f"Policy doesn't allow {rule} to be performed.")
    return project_id


def _limits(context: Context, project_id: str) -> dict[str, int]:
    return quotas.server_limits(context.region, project_id)
