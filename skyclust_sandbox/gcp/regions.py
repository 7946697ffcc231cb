"""The resources of regions and zones."""

from __future__ import annotations

from functools import cache

from skyclust_sandbox.gcp.links import scope_link
from skyclust_sandbox.gcp.locations import REGIONS, ZONES
from skyclust_sandbox.gcp.quotas import region_quotas
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.responses import Resource, not_found
from skyclust_sandbox.gcp.state import Project

_CREATED = "1969-12-31T16:00:00.000-08:00"


def get_region(context: RequestContext) -> Resource:
    """Return the region in the path; raises Refused when it does not exist."""
    name = context.path["region"]
    if name not in REGIONS:
        raise not_found(f"projects/{context.project.name}/regions/{name}")
    return _region(context.project, name)


def list_regions(context: RequestContext) -> list[Resource]:
    """Return all regions, with the project's quotas."""
    return [_region(context.project, name) for name in REGIONS]


def get_zone(context: RequestContext) -> Resource:
    """Return the zone in the path; raises Refused when it does not exist."""
    name = context.path["zone"]
    zone = zones(context.project.name).get(name)
    if zone is None:
        raise not_found(f"projects/{context.project.name}/zones/{name}")
    return zone


@cache
def zones(project_name: str) -> dict[str, Resource]:
    """Return all zones by name."""
    return {
        name: {
            "kind": "compute#zone",
            "id": str(2000 + number),
            "creationTimestamp": _CREATED,
            "name": name,
            "description": name,
            "status": "UP",
            "region": scope_link(project_name, f"regions/{region}"),
            "selfLink": scope_link(project_name, f"zones/{name}"),
            "availableCpuPlatforms": ["Ampere Altra", "Intel Broadwell", "Intel Ice Lake"],
            "supportsPzs": False,
        }
        for number, (name, region) in enumerate(ZONES.items())
    }


def _region(project: Project, name: str) -> Resource:
    return {
        "kind": "compute#region",
        "id": str(1000 + list(REGIONS).index(name)),
        "creationTimestamp": _CREATED,
        "name": name,
        "description": name,
        "status": "UP",
        "zones": [scope_link(project.name, f"zones/{name}-{letter}") for letter in REGIONS[name]],
        "quotas": region_quotas(project, name),
        "selfLink": scope_link(project.name, f"regions/{name}"),
        "supportsPzs": False,
    }
