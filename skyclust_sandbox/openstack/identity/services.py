"""Services and endpoints of the catalog.

Source: https://docs.openstack.org/api-ref/identity/v3/#service-catalog-and-endpoints
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.identity.catalog import make_catalog
from skyclust_sandbox.openstack.identity.lists import list_reply, require_admin


def list_services(context: Context) -> Response:
    """Return the services of the catalog; 403 unless an administrator calls."""
    require_admin(context, "list_services")
    services = [
        {"id": service["id"], "type": service["type"], "name": service["name"], "enabled": True}
        for service in make_catalog(context, context.project_id)
    ]
    return list_reply(context, "services", services)


def list_endpoints(context: Context) -> Response:
    """Return the endpoints of the catalog; 403 unless an administrator calls."""
    require_admin(context, "list_endpoints")
    endpoints = [
        {**endpoint, "service_id": service["id"], "enabled": True}
        for service in make_catalog(context, context.project_id)
        for endpoint in service["endpoints"]
    ]
    return list_reply(context, "endpoints", endpoints)
