"""Neutron's quotas: the default limits, the calls that show and set them, and their refusal.

Source: https://docs.openstack.org/api-ref/network/v2/#quotas-extension-quotas
"""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.network.collections import COLLECTIONS
from skyclust_sandbox.openstack.quotas import limits_of, set_limits
from skyclust_sandbox.openstack.wire import reply

DEFAULTS: Final = {
    "network": 100,
    "subnet": 100,
    "port": 500,
    "router": 10,
    "floatingip": 50,
    "security_group": 50,
    "security_group_rule": 500,
}
"""Neutron's limits for projects that have none of their own; -1 is no limit."""


def get_quotas(context: Context) -> Response:
    """Return the quotas of a project."""
    return reply({"quota": _limits(context, _project(context))})


def get_quotas_detailed(context: Context) -> Response:
    """Return the quotas of a project with their usage."""
    project_id = _project(context)
    used = {
        collection.singular: sum(
            1
            for resource in collection.find_all(context.region).values()
            if resource["project_id"] == project_id
        )
        for collection in COLLECTIONS
    }
    quota = {
        name: {"limit": limit, "used": used.get(name, 0), "reserved": 0}
        for name, limit in _limits(context, project_id).items()
    }
    return reply({"quota": quota})


def set_quotas(context: Context) -> Response:
    """Set quotas of a project and return all of them; 403 unless the caller is an admin."""
    if not context.is_admin:
        raise context.refused(403, "rule:update_quota is disallowed by policy")
    project_id = context.argument("project_id")
    set_limits(context.region, "network", project_id, context.body("quota"), DEFAULTS)
    return reply({"quota": _limits(context, project_id)})


def require_quota(context: Context, noun: str, used: int) -> None:
    """Refuse with 409 one more resource beyond the project's quota."""
    limits = _limits(context, context.project_id)
    if 0 <= limits[noun] <= used:
        raise context.refused(409, f"Quota exceeded for resources: ['{noun}'].", "OverQuota")


def _project(context: Context) -> str:
    project_id = context.argument("project_id")
    if project_id != context.project_id and not context.is_admin:
        raise context.refused(403, "rule:get_quota is disallowed by policy")
    return project_id


def _limits(context: Context, project_id: str) -> dict[str, int]:
    return limits_of(context.region, "network", project_id, DEFAULTS)
