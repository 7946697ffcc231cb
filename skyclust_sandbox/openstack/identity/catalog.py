"""The service catalog: the endpoints of each service in each region."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.openstack.context import PREFIXES, Context
from skyclust_sandbox.openstack.directory import REGIONS, identifier
from skyclust_sandbox.openstack.wire import Body

INTERFACES: Final = ("public", "internal", "admin")

# Most clouds have cinder under this service type; SDKs treat it as block-storage.
_SERVICES: Final = (
    ("identity", "identity", "keystone", ""),
    ("compute", "compute", "nova", "/v2.1"),
    ("image", "image", "glance", ""),
    ("network", "network", "neutron", ""),
    ("block-storage", "volumev3", "cinderv3", "/v3/{project_id}"),
    ("load-balancer", "load-balancer", "octavia", ""),
    ("rating", "rating", "cloudkitty", ""),
)


def make_catalog(context: Context, project_id: str) -> list[Body]:
    """Return the catalog of a project; its URLs have the host of the caller's request."""
    host = context.request.host_url.rstrip("/")
    catalog = []
    for service, kind, name, suffix in _SERVICES:
        if service in context.cloud.settings.without:
            continue
        endpoints = []
        for region in REGIONS:
            place = "" if service == "identity" else f"/{region}"
            url = f"{host}{place}/{PREFIXES[service]}{suffix.format(project_id=project_id)}"
            endpoints += [
                {
                    "id": identifier("endpoint", f"{name} {region} {interface}"),
                    "interface": interface,
                    "region": region,
                    "region_id": region,
                    "url": url,
                }
                for interface in INTERFACES
            ]
        catalog.append(
            {"id": identifier("service", name), "type": kind, "name": name, "endpoints": endpoints}
        )
    return catalog
