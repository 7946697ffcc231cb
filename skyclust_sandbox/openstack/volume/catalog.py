"""The parts of cinder that describe itself: versions, types, zones, limits, quotas.

Source: https://docs.openstack.org/api-ref/block-storage/v3/
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.directory import identifier
from skyclust_sandbox.openstack.microversions import RANGES, told
from skyclust_sandbox.openstack.quotas import set_limits
from skyclust_sandbox.openstack.volume import quotas
from skyclust_sandbox.openstack.volume.objects import VOLUME_TYPES
from skyclust_sandbox.openstack.wire import Body, bare_time, reply


def list_versions(context: Context) -> Response:
    """Return the versions there are: 300, as cinder answers at its root."""
    return reply({"versions": [_version(context)]}, 300)


def get_version(context: Context) -> Response:
    """Return the document of v3, with its microversions."""
    return reply({"versions": [_version(context)]})


def _version(context: Context) -> Body:
    lowest, highest = RANGES["block-storage"]
    return {
        "id": "v3.0",
        "status": "CURRENT",
        "version": told(highest),
        "min_version": told(lowest),
        "updated": "2023-08-31T00:00:00Z",
        "links": [{"rel": "self", "href": f"{context.base}/v3/"}],
        "media-types": [
            {"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}
        ],
    }


def list_types(_context: Context) -> Response:
    """Return the types of volume there are."""
    return reply({"volume_types": [_type(name) for name in VOLUME_TYPES]})


def get_type(context: Context) -> Response:
    """Return a type, by id or `default`."""
    wanted = context.argument("type_id")
    for name in VOLUME_TYPES:
        if wanted in {identifier("volume type", name), name}:
            return reply({"volume_type": _type(name)})
    if wanted == "default":
        return reply({"volume_type": _type(VOLUME_TYPES[0])})
    raise context.refused(404, f"Volume type {wanted} could not be found.")


def _type(name: str) -> Body:
    return {
        "id": identifier("volume type", name),
        "name": name,
        "description": None,
        "is_public": True,
        "os-volume-type-access:is_public": True,
        "extra_specs": {},
        "qos_specs_id": None,
    }


def list_zones(context: Context) -> Response:
    """Return the zones that volumes can be asked for in."""
    zones = [{"zoneName": zone, "zoneState": {"available": True}} for zone in context.region.zones]
    return reply({"availabilityZoneInfo": zones})


def get_limits(context: Context) -> Response:
    """Return what the project may have, and what it has."""
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
    """Return the quotas of a project, with what is used of them when `usage` asks for that."""
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
    """Set quotas of a project; for administrators."""
    _require_admin(context, "volume_extension:quotas:update")
    project_id = context.argument("quota_project_id")
    limits = context.body("quota_set")
    set_limits(context.region, "block-storage", project_id, limits, quotas.DEFAULTS)
    return reply({"quota_set": quotas.volume_limits(context.region, project_id)})


def list_attachments(context: Context) -> Response:
    """Return how the project's volumes are attached, as nova has asked for."""
    found = [
        {
            "id": attachment.id,
            "volume_id": volume.id,
            "instance": attachment.server_id,
            "status": "attached" if volume.status == "in-use" else "reserved",
            "attached_at": bare_time(attachment.attached_at),
            "detached_at": None,
            "attach_mode": "rw",
        }
        for volume in context.region.volumes.values()
        if context.is_admin or volume.project_id == context.project_id
        for attachment in volume.attachments
    ]
    return reply({"attachments": found})


def _require_admin(context: Context, rule: str) -> None:
    if not context.is_admin:
        raise context.refused(403, f"Policy doesn't allow {rule} to be performed.")
