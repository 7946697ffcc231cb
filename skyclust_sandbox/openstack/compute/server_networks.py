"""The networks of servers: the requested ones, and nova's allocation of ports in them.

Source: https://docs.openstack.org/api-ref/compute/#create-server (networks)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.network.ports import (
    NoAddress,
    allocate_address,
    make_port,
    remove_port,
)
from skyclust_sandbox.openstack.network.resources import mark_updated
from skyclust_sandbox.openstack.network.security_groups import default_group
from skyclust_sandbox.openstack.state import Region, Server
from skyclust_sandbox.openstack.wire import Body

DEVICE_OWNER_PREFIX = "compute:"
"""The prefix of the `device_owner` of servers' ports; the zone follows it."""


@dataclass(frozen=True)
class NetworkRequest:
    """One requested interface of a server: an existing port, or a new port in a network."""

    network_id: str
    port_id: str | None = None
    address: str | None = None


def read_networks(context: Context, requested: Any) -> list[NetworkRequest]:
    """Return the requested interfaces.

    Refuses unknown, unusable or ambiguous networks and ports.
    """
    if requested == "none":
        return []
    if requested in (None, "auto", []):
        return _choose_network(context)
    if not isinstance(requested, list):
        raise context.refused(
            400, f"Invalid input for field/attribute networks. Value: {requested}."
        )
    return [_read(context, entry) for entry in requested]


def usable_networks(context: Context, project_id: str) -> list[Body]:
    """Return the networks from which nova chooses when the request names none."""
    return [
        network
        for network in context.region.networks.values()
        if (network["project_id"] == project_id or network["shared"])
        and not network["router:external"]
        and network["subnets"]
    ]


def _choose_network(context: Context) -> list[NetworkRequest]:
    networks = usable_networks(context, context.project_id)
    if len(networks) > 1:
        message = "Multiple possible networks found, use a Network ID to be more specific."
        raise context.refused(409, message)
    return [NetworkRequest(network["id"]) for network in networks]


def _read(context: Context, requested: Body) -> NetworkRequest:
    region = context.region
    if requested.get("port"):
        port = region.ports.get(requested["port"])
        if port is None or not _may_use(context, port):
            raise context.refused(400, f"Port id {requested['port']} could not be found.")
        if port["device_id"]:
            raise context.refused(409, f"Port {port['id']} is still in use.")
        return NetworkRequest(port["network_id"], port["id"])
    network = region.networks.get(str(requested.get("uuid")))
    if network is None or not (_may_use(context, network) or network["router:external"]):
        raise context.refused(400, f"Network {requested.get('uuid')} could not be found.")
    if network["router:external"] and not context.is_admin:
        raise context.refused(
            403, f"It is not allowed to create an interface on external network {network['id']}"
        )
    if not network["subnets"]:
        raise context.refused(
            400, f"Network {network['id']} requires a subnet in order to boot instances on."
        )
    address = requested.get("fixed_ip")
    if address is not None:
        _try_address(context, network, address)
    return NetworkRequest(network["id"], address=address)


def _try_address(context: Context, network: Body, address: str) -> None:
    region = context.region
    try:
        taken = allocate_address(region, network, {"ip_address": address})
    except NoAddress as error:
        server_id = next(
            (
                port["device_id"]
                for port in region.ports.values()
                if port["network_id"] == network["id"]
                and address in {fixed["ip_address"] for fixed in port["fixed_ips"]}
            ),
            "",
        )
        message = f"Fixed IP address {address} is already in use on instance {server_id}."
        if not server_id:
            message = f"Fixed IP {address} is not a valid ip address for network {network['id']}."
        raise context.refused(400, message) from error
    region.addresses[taken["subnet_id"]].discard(address)


def _may_use(context: Context, owned: Body) -> bool:
    return (
        context.is_admin or owned["project_id"] == context.project_id or bool(owned.get("shared"))
    )


def allocate(region: Region, server: Server, requests: list[NetworkRequest]) -> None:
    """Attach ports to a server; raises NoAddress when a network has no free address.

    Nova owns the ports that it creates and deletes them with the server. Other ports are only
    detached.
    """
    groups = _group_ids(region, server)
    for request in requests:
        if request.port_id is not None:
            port = region.ports[request.port_id]
        else:
            fixed = [] if request.address is None else [{"ip_address": request.address}]
            network = region.networks[request.network_id]
            port = make_port(
                region, network, server.project_id, fixed_ips=fixed, security_groups=groups
            )
            server.own_port_ids.add(port["id"])
        attach_port(server, port)


def attach_port(server: Server, port: Body) -> None:
    """Attach a port to a server."""
    port.update(
        device_id=server.id, device_owner=f"{DEVICE_OWNER_PREFIX}{server.zone}", status="ACTIVE"
    )
    mark_updated(port)
    server.port_ids.append(port["id"])


def detach_port(region: Region, server: Server, port_id: str) -> None:
    """Detach a port from a server; a port that nova created is deleted."""
    server.port_ids.remove(port_id)
    port = region.ports[port_id]
    if port_id in server.own_port_ids:
        server.own_port_ids.discard(port_id)
        remove_port(region, port)
    else:
        port.update(device_id="", device_owner="", status="DOWN")
        mark_updated(port)


def detach_ports(region: Region, server: Server) -> None:
    """Detach all ports from a server."""
    for port_id in list(server.port_ids):
        detach_port(region, server, port_id)


def _group_ids(region: Region, server: Server) -> list[str]:
    """Return the ids of the security groups that the server's request names by id or name."""
    if server.groups == ["default"]:
        default = default_group(region, server.project_id)
        return [] if default is None else [default["id"]]
    group_ids = []
    for reference in server.groups:
        group_ids += [
            group["id"]
            for group in region.security_groups.values()
            if group["id"] == reference
            or (group["name"] == reference and group["project_id"] == server.project_id)
        ]
    return group_ids
