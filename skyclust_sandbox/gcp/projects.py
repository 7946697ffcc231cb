"""The methods of projects: get and setCommonInstanceMetadata."""

from __future__ import annotations

from skyclust_sandbox.gcp.links import LINK_PREFIX, Reference
from skyclust_sandbox.gcp.operations import start_operation
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.resources import require_fingerprint
from skyclust_sandbox.gcp.responses import Resource, fingerprint, timestamp
from skyclust_sandbox.gcp.state import Project


def get(context: RequestContext) -> Resource:
    """Return the Compute Engine resource of a project."""
    project = context.project
    metadata = {**project.metadata, "fingerprint": fingerprint(project.metadata)}
    return {
        "kind": "compute#project",
        "id": project.number,
        "creationTimestamp": timestamp(project.created),
        "name": project.name,
        "commonInstanceMetadata": metadata,
        "quotas": [
            _quota(project, "SNAPSHOTS", 5000.0),
            _quota(project, "NETWORKS", 30.0),
            _quota(project, "FIREWALLS", 500.0),
            _quota(project, "IMAGES", 2000.0),
        ],
        "selfLink": f"{LINK_PREFIX}projects/{project.name}",
        "defaultServiceAccount": f"{project.number}-compute@developer.gserviceaccount.com",
        "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
        "defaultNetworkTier": "PREMIUM",
        "vmDnsSetting": "ZONAL_ONLY",
    }


def set_common_instance_metadata(context: RequestContext) -> Resource:
    """Start the operation that replaces the metadata that all instances of a project share.

    Raises Refused unless the request has the fingerprint of the present metadata.
    """
    project = context.project
    require_fingerprint(
        context.body.get("fingerprint"),
        fingerprint(project.metadata),
        "fingerprint",
        "Supplied fingerprint does not match current metadata fingerprint.",
    )

    def finish() -> None:
        project.metadata = {"kind": "compute#metadata", "items": context.body.get("items", [])}

    reference = Reference(project.name, "global", "projects", project.name)
    return start_operation(context, "setMetadata", reference, project.number, finish=finish)


def _quota(project: Project, metric: str, limit: float) -> Resource:
    usage = float(sum(1 for _ in project.list_all(metric.lower())))
    return {"metric": metric, "limit": limit, "usage": usage}
