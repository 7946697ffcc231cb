"""The version documents and extensions of neutron.

Source: https://docs.openstack.org/api-ref/network/v2/#extensions
"""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.network.collections import COLLECTIONS
from skyclust_sandbox.openstack.wire import Body, reply

_EXTENSIONS: Final = (
    "availability_zone", "binding", "default-subnetpools", "dns-integration", "external-net",
    "ext-gw-mode", "extra_dhcp_opt", "extraroute", "net-mtu", "network_availability_zone",
    "pagination", "port-security", "project-id", "provider", "quota_details", "quotas", "router",
    "security-group", "sorting", "standard-attr-description", "standard-attr-revisions",
    "standard-attr-tag", "standard-attr-timestamp", "stateful-security-group", "fip-port-details",
)  # fmt: skip


def list_versions(context: Context) -> Response:
    """Return the list of versions."""
    links = [{"rel": "self", "href": f"{context.base_url}/v2.0/"}]
    return reply({"versions": [{"id": "v2.0", "status": "CURRENT", "links": links}]})


def list_resources(context: Context) -> Response:
    """Return the document of v2.0: its collections."""
    resources = [
        {
            "name": collection.singular,
            "collection": collection.plural,
            "links": [{"rel": "self", "href": f"{context.base_url}{collection.path}"}],
        }
        for collection in COLLECTIONS
    ]
    return reply({"resources": resources})


def list_extensions(_context: Context) -> Response:
    """Return all extensions."""
    return reply({"extensions": [_extension(alias) for alias in _EXTENSIONS]})


def get_extension(context: Context) -> Response:
    """Return an extension by alias; 404 when it does not exist."""
    alias = context.argument("alias")
    if alias not in _EXTENSIONS:
        raise context.refused(404, f"Extension with alias {alias} does not exist", "HTTPNotFound")
    return reply({"extension": _extension(alias)})


def _extension(alias: str) -> Body:
    return {
        "alias": alias,
        "name": alias,
        "description": "",
        "updated": "2020-01-01T00:00:00-00:00",
        "links": [],
    }
