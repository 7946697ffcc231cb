"""Projects, regions and zones as they show themselves."""

from __future__ import annotations

from functools import cache

from skyclust_sandbox.gcp.links import Reference, scope_link
from skyclust_sandbox.gcp.locations import REGIONS, ZONES
from skyclust_sandbox.gcp.operations import begin
from skyclust_sandbox.gcp.quotas import told
from skyclust_sandbox.gcp.resources import require_fingerprint
from skyclust_sandbox.gcp.responses import LINK, Resource, not_found
from skyclust_sandbox.gcp.state import Project, Work, fingerprint, timestamp

_CREATED = "1969-12-31T16:00:00.000-08:00"


def project(work: Work) -> Resource:
    """Return a project as Compute Engine shows it."""
    known = work.project
    return {
        "kind": "compute#project",
        "id": known.number,
        "creationTimestamp": timestamp(known.created),
        "name": known.name,
        "commonInstanceMetadata": {**known.metadata, "fingerprint": _fingerprint(known)},
        "quotas": [
            {"metric": "SNAPSHOTS", "limit": 5000.0, "usage": _count(known, "snapshots")},
            {"metric": "NETWORKS", "limit": 30.0, "usage": _count(known, "networks")},
            {"metric": "FIREWALLS", "limit": 500.0, "usage": _count(known, "firewalls")},
            {"metric": "IMAGES", "limit": 2000.0, "usage": _count(known, "images")},
        ],
        "selfLink": f"{LINK}projects/{known.name}",
        "defaultServiceAccount": f"{known.number}-compute@developer.gserviceaccount.com",
        "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
        "defaultNetworkTier": "PREMIUM",
        "vmDnsSetting": "ZONAL_ONLY",
    }


def set_common_metadata(work: Work) -> Resource:
    """Replace the metadata that all machines of a project share."""
    known = work.project
    require_fingerprint(
        work.body.get("fingerprint"),
        _fingerprint(known),
        "fingerprint",
        "Supplied fingerprint does not match current metadata fingerprint.",
    )

    def finish() -> None:
        known.metadata = {"kind": "compute#metadata", "items": work.body.get("items", [])}

    where = Reference(known.name, "global", "projects", known.name)
    return begin(work, "setMetadata", where, known.number, finish=finish)


def region(work: Work) -> Resource:
    """Return one region; refuses one that there is not."""
    name = work.path["region"]
    if name not in REGIONS:
        raise not_found(f"projects/{work.project.name}/regions/{name}")
    return _region(work.project, name)


def regions(work: Work) -> list[Resource]:
    """Return all regions with the project's quotas."""
    return [_region(work.project, name) for name in REGIONS]


def zone(work: Work) -> Resource:
    """Return one zone; refuses one that there is not."""
    found = zones(work.project.name).get(work.path["zone"])
    if found is None:
        raise not_found(f"projects/{work.project.name}/zones/{work.path['zone']}")
    return found


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
            "region": scope_link(project_name, f"regions/{within}"),
            "selfLink": scope_link(project_name, f"zones/{name}"),
            "availableCpuPlatforms": ["Ampere Altra", "Intel Broadwell", "Intel Ice Lake"],
            "supportsPzs": False,
        }
        for number, (name, within) in enumerate(ZONES.items())
    }


def _region(known: Project, name: str) -> Resource:
    return {
        "kind": "compute#region",
        "id": str(1000 + list(REGIONS).index(name)),
        "creationTimestamp": _CREATED,
        "name": name,
        "description": name,
        "status": "UP",
        "zones": [scope_link(known.name, f"zones/{name}-{letter}") for letter in REGIONS[name]],
        "quotas": told(known, name),
        "selfLink": scope_link(known.name, f"regions/{name}"),
        "supportsPzs": False,
    }


def _count(known: Project, collection: str) -> float:
    return float(sum(1 for _ in known.every(collection)))


def _fingerprint(known: Project) -> str:
    return fingerprint(known.metadata)
