"""Updates of a server's name and other descriptive attributes, and the list of its addresses.

Source: https://docs.openstack.org/api-ref/compute/#update-server
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute.lookups import find_server, require_unlocked
from skyclust_sandbox.openstack.compute.server_create import SINCE
from skyclust_sandbox.openstack.compute.server_views import make_viewer
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.wire import now, reply

_FIELDS = {
    "name": "name",
    "description": "description",
    "hostname": "hostname",
    "accessIPv4": "access_ipv4",
    "accessIPv6": "access_ipv6",
    "OS-DCF:diskConfig": "disk_config",
}


def update_server(context: Context) -> Response:
    """Set a server's name, description, host name or access addresses and return the server."""
    server = find_server(context)
    require_unlocked(context, server)
    for name, value in context.body("server").items():
        since = SINCE.get(name, (2, 1))
        if name not in _FIELDS or context.call.microversion < since:
            raise context.refused(
                400, f"Additional properties are not allowed ('{name}' was unexpected)"
            )
        setattr(server, _FIELDS[name], value)
    server.updated = now()
    return reply({"server": make_viewer(context).detailed(server, alone=True)})


def list_addresses(context: Context) -> Response:
    """Return the addresses of a server by network."""
    server = find_server(context)
    networks = make_viewer(context).addresses(server)
    plain = {
        network: [{"addr": address["addr"], "version": address["version"]} for address in addresses]
        for network, addresses in networks.items()
    }
    return reply({"addresses": plain})
