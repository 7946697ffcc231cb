"""Cinder's limits and quota sets.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#limits-limits and
https://docs.openstack.org/api-ref/block-storage/v3/#quota-sets-extension-os-quota-sets
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.quotas import set_limits
from skyclust_sandbox.openstack.volume import quotas
from skyclust_sandbox.openstack.wire import reply


def get_limits(context: Context) -> Response:
    """Return the limits of the project and their usage."""
    limits = quotas.volume_limits(context.region, context.project_id)
    used = quotas.volumes_used(context.region, context.project_id)
    absolute = {
        "maxTotalVolumes": limits["volumes"],
        "maxTotalSnapshots": limits["snapshots"],
        "maxTotalVolumeGigabytes": limits["gigabytes"],
        "maxTotalBackups": limits["backups"],
        "maxTotalBackupGigabytes": 1000,
        "totalVolumesUsed": used["volumes"],
        "totalSnapshotsUsed": used["snapshots"],
        "totalGigabytesUsed": used["gigabytes"],
        "totalBackupsUsed": 0,
        "totalBackupGigabytesUsed": 0,
    }
    return reply({"limits": {"rate": [], "absolute": absolute}})


def get_quotas(context: Context) -> Response:
    """Return the quotas of a project, with their usage when the query has `usage=true`."""
    project_id = context.argument("quota_project_id")
    if project_id != context.project_id:
        _require_admin(context, "volume_extension:quotas:show")
    limits = quotas.volume_limits(context.region, project_id)
    if context.request.args.get("usage", "").lower() == "true":
        used = quotas.volumes_used(context.region, project_id)
        detailed = {
            name: {"limit": limit, "in_use": used.get(name, 0), "reserved": 0, "allocated": 0}
            for name, limit in limits.items()
        }
        return reply({"quota_set": {"id": project_id, **detailed}})
    return reply({"quota_set": {"id": project_id, **limits}})


def set_quotas(context: Context) -> Response:
    """Set quotas of a project and return all of them; 403 unless the caller is an administrator."""
    _require_admin(context, "volume_extension:quotas:update")
    project_id = context.argument("quota_project_id")
    limits = context.body("quota_set")
    set_limits(context.region, "block-storage", project_id, limits, quotas.DEFAULTS)
    return reply({"quota_set": quotas.volume_limits(context.region, project_id)})


def _require_admin(context: Context, rule: str) -> None:
    if not context.is_admin:
        raise context.refused(403, f"Policy doesn't allow {rule} to be performed.")
