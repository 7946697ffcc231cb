"""The ports of servers: which are wanted, and what nova does with them.

Source: https://docs.openstack.org/api-ref/compute/#create-server (networks)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.network.ports import NoAddress, make_port, remove_port, take_address
from skyclust_sandbox.openstack.network.resources import touch
from skyclust_sandbox.openstack.network.security_groups import default_group
from skyclust_sandbox.openstack.state import Region, Server
from skyclust_sandbox.openstack.wire import Body

OWNER = "compute:"
"""The `device_owner` of servers' ports begins so; the zone follows."""


@dataclass(frozen=True)
class Wish:
    """One interface that a server is to have: a port there is, or one in a network."""

    network_id: str
    port_id: str | None = None
    address: str | None = None


def read_networks(context: Context, asked: Any) -> list[Wish]:
    """Return the interfaces asked for; refuses what is not there, or cannot be told apart."""
    if asked == "none":
        return []
    if asked in (None, "auto", []):
        return _choose_network(context)
    if not isinstance(asked, list):
        raise context.refused(400, f"Invalid input for field/attribute networks. Value: {asked}.")
    return [_read(context, one) for one in asked]


def usable_networks(context: Context, project_id: str) -> list[Body]:
    """Return the networks that servers of a project land in when none is asked for."""
    return [
        network
        for network in context.region.networks.values()
        if (network["project_id"] == project_id or network["shared"])
        and not network["router:external"]
        and network["subnets"]
    ]


def _choose_network(context: Context) -> list[Wish]:
    found = usable_networks(context, context.project_id)
    if len(found) > 1:
        message = "Multiple possible networks found, use a Network ID to be more specific."
        raise context.refused(409, message)
    return [Wish(network["id"]) for network in found]


def _read(context: Context, asked: Body) -> Wish:
    region = context.region
    if asked.get("port"):
        port = region.ports.get(asked["port"])
        if port is None or not _may_use(context, port):
            raise context.refused(400, f"Port id {asked['port']} could not be found.")
        if port["device_id"]:
            raise context.refused(409, f"Port {port['id']} is still in use.")
        return Wish(port["network_id"], port["id"])
    network = region.networks.get(str(asked.get("uuid")))
    if network is None or not (_may_use(context, network) or network["router:external"]):
        raise context.refused(400, f"Network {asked.get('uuid')} could not be found.")
    if network["router:external"] and not context.is_admin:
        raise context.refused(
            403, f"It is not allowed to create an interface on external network {network['id']}"
        )
    if not network["subnets"]:
        raise context.refused(
            400, f"Network {network['id']} requires a subnet in order to boot instances on."
        )
    address = asked.get("fixed_ip")
    if address is not None:
        _try_address(context, network, address)
    return Wish(network["id"], address=address)


def _try_address(context: Context, network: Body, address: str) -> None:
    region = context.region
    try:
        taken = take_address(region, network, {"ip_address": address})
    except NoAddress as error:
        holder = next(
            (
                port["device_id"]
                for port in region.ports.values()
                if port["network_id"] == network["id"]
                and address in {one["ip_address"] for one in port["fixed_ips"]}
            ),
            "",
        )
        message = f"Fixed IP address {address} is already in use on instance {holder}."
        if not holder:
            message = f"Fixed IP {address} is not a valid ip address for network {network['id']}."
        raise context.refused(400, message) from error
    region.addresses[taken["subnet_id"]].discard(address)


def _may_use(context: Context, owned: Body) -> bool:
    return (
        context.is_admin or owned["project_id"] == context.project_id or bool(owned.get("shared"))
    )


def allocate(region: Region, server: Server, wishes: list[Wish]) -> None:
    """Give a server its ports; raises NoAddress when a network has none left.

    Ports that nova makes are its own: it removes them with the server, the others it gives
    back.
    """
    groups = _group_ids(region, server)
    for wish in wishes:
        if wish.port_id is not None:
            port = region.ports[wish.port_id]
        else:
            fixed = [] if wish.address is None else [{"ip_address": wish.address}]
            network = region.networks[wish.network_id]
            port = make_port(
                region, network, server.project_id, fixed_ips=fixed, security_groups=groups
            )
            server.own_port_ids.add(port["id"])
        bind(server, port)


def bind(server: Server, port: Body) -> None:
    """Let a port lead to a server."""
    port.update(device_id=server.id, device_owner=f"{OWNER}{server.zone}", status="ACTIVE")
    touch(port)
    server.port_ids.append(port["id"])


def unbind(region: Region, server: Server, port_id: str) -> None:
    """Take a port from a server: nova's own is removed, any other one is given back."""
    server.port_ids.remove(port_id)
    port = region.ports[port_id]
    if port_id in server.own_port_ids:
        server.own_port_ids.discard(port_id)
        remove_port(region, port)
    else:
        port.update(device_id="", device_owner="", status="DOWN")
        touch(port)


def unbind_all(region: Region, server: Server) -> None:
    """Take all ports from a server."""
    for port_id in list(server.port_ids):
        unbind(region, server, port_id)


def _group_ids(region: Region, server: Server) -> list[str]:
    """Return the ids of the groups that a server asked for by id or name."""
    if server.groups == ["default"]:
        default = default_group(region, server.project_id)
        return [] if default is None else [default["id"]]
    found = []
    for asked in server.groups:
        found += [
            group["id"]
            for group in region.security_groups.values()
            if group["id"] == asked
            or (group["name"] == asked and group["project_id"] == server.project_id)
        ]
    return found
