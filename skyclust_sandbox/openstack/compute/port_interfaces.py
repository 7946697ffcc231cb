"""Port interfaces: the ports of servers, their attachment and detachment.

Source: https://docs.openstack.org/api-ref/compute/#port-interfaces-servers-os-interface
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute import server_networks
from skyclust_sandbox.openstack.compute.lookups import find_server, require_state, require_unlocked
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.network.ports import NoAddress
from skyclust_sandbox.openstack.wire import Body, empty, reply

_STATES = ("active", "paused", "stopped")


def list_interfaces(context: Context) -> Response:
    """Return the interfaces of a server."""
    server = find_server(context)
    interfaces = [_view(context, context.region.ports[port_id]) for port_id in server.port_ids]
    return reply({"interfaceAttachments": interfaces})


def get_interface(context: Context) -> Response:
    """Return an interface of a server; 404 when the server does not have the port."""
    return reply({"interfaceAttachment": _view(context, _find(context))})


def create_interface(context: Context) -> Response:
    """Attach an existing port, or a new port of a network, to a server and return it."""
    server = find_server(context)
    require_unlocked(context, server)
    body = context.body("interfaceAttachment")
    require_state(context, server, "attach_interface", _STATES)
    network: Body = {}
    if body.get("port_id"):
        network["port"] = body["port_id"]
    elif body.get("net_id"):
        network["uuid"] = body["net_id"]
        if body.get("fixed_ips"):
            network["fixed_ip"] = body["fixed_ips"][0]["ip_address"]
    network_requests = server_networks.read_networks(context, [network] if network else "auto")
    try:
        server_networks.allocate(context.region, server, network_requests)
    except NoAddress as error:
        raise context.refused(400, str(error)) from error
    return reply({"interfaceAttachment": _view(context, context.region.ports[server.port_ids[-1]])})


def delete_interface(context: Context) -> Response:
    """Detach a port from a server: 202."""
    server = find_server(context)
    require_unlocked(context, server)
    port = _find(context)
    require_state(context, server, "detach_interface", _STATES)
    server_networks.detach_port(context.region, server, port["id"])
    return empty(202)


def _find(context: Context) -> Body:
    server = find_server(context)
    port_id = context.argument("port_id")
    if port_id not in server.port_ids:
        raise context.refused(404, f"Instance {server.id} does not have port with id {port_id}")
    return context.region.ports[port_id]


def _view(context: Context, port: Body) -> Body:
    view: Body = {
        "port_id": port["id"],
        "net_id": port["network_id"],
        "mac_addr": port["mac_address"],
        "port_state": port["status"],
        "fixed_ips": port["fixed_ips"],
    }
    if context.call.microversion >= (2, 70):
        view["tag"] = None
    return view
