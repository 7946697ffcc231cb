"""Ports, and the IP addresses that are allocated to them.

Source: https://docs.openstack.org/api-ref/network/v2/#ports
"""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Sequence
from itertools import chain

from skyclust_sandbox.openstack.network.resources import mark_updated, new_resource
from skyclust_sandbox.openstack.state import Region
from skyclust_sandbox.openstack.wire import Body


class NoAddress(Exception):
    """A subnet has no free address, or the requested one is not available."""


def make_port(
    region: Region,
    network: Body,
    project_id: str,
    *,
    name: str = "",
    fixed_ips: Sequence[Body] = (),
    security_groups: Sequence[str] = (),
    device_id: str = "",
    device_owner: str = "",
) -> Body:
    """Create a port in a network and return it, with an allocated address where none is requested.

    Raises NoAddress when an address is in use, outside of its subnet, or none is free.
    """
    requested = [dict(fixed) for fixed in fixed_ips] or _default_subnets(region, network)
    port_id = str(uuid.uuid4())
    port = new_resource(
        {
            "name": name,
            "network_id": network["id"],
            "admin_state_up": True,
            "status": "DOWN",
            "mac_address": ":".join(["fa", "16", "3e", *(port_id[i : i + 2] for i in (0, 2, 4))]),
            "fixed_ips": [allocate_address(region, network, fixed) for fixed in requested],
            "security_groups": list(security_groups),
            "device_id": device_id,
            "device_owner": device_owner,
            "allowed_address_pairs": [],
            "extra_dhcp_opts": [],
            "binding:vnic_type": "normal",
            "port_security_enabled": True,
            "dns_name": "",
            "dns_assignment": [],
        },
        project_id,
    )
    port["id"] = port_id
    region.ports[port_id] = port
    return port


def remove_port(region: Region, port: Body) -> None:
    """Delete a port and release its addresses; its floating IP stays, disassociated."""
    del region.ports[port["id"]]
    for fixed in port["fixed_ips"]:
        region.addresses.get(fixed["subnet_id"], set()).discard(fixed["ip_address"])
    for floating in region.floating_ips.values():
        if floating["port_id"] == port["id"]:
            disassociate(floating)


def disassociate(floating: Body) -> None:
    """Disassociate a floating IP from its port."""
    changes = {"port_id": None, "fixed_ip_address": None, "router_id": None}
    floating.update(changes, status="DOWN", port_details=None)
    mark_updated(floating)


def allocate_address(region: Region, network: Body, requested: Body) -> Body:
    """Allocate an address of a subnet and return it as a fixed IP of a port; raises NoAddress."""
    address = requested.get("ip_address")
    subnet = _subnet_for(region, network, requested)
    taken = region.addresses.setdefault(subnet["id"], set())
    if address is None:
        address = _next_free(region, subnet, taken)
    elif address in taken or address == subnet["gateway_ip"]:
        raise NoAddress(f"IP address {address} already allocated in subnet {subnet['id']}.")
    taken.add(address)
    return {"subnet_id": subnet["id"], "ip_address": address}


def _default_subnets(region: Region, network: Body) -> list[Body]:
    """Return a request for one address of each IP version that the network has."""
    first: dict[int, Body] = {}
    for subnet_id in network["subnets"]:
        subnet = region.subnets[subnet_id]
        first.setdefault(subnet["ip_version"], {"subnet_id": subnet_id})
    return list(first.values())


def _subnet_for(region: Region, network: Body, requested: Body) -> Body:
    address = requested.get("ip_address")
    for subnet_id in network["subnets"]:
        subnet = region.subnets[subnet_id]
        if requested.get("subnet_id", subnet_id) != subnet_id:
            continue
        if address is None or _is_in(address, subnet["cidr"]):
            return subnet
    raise NoAddress(
        f"IP address {address} is not a valid IP for any of the subnets on the specified network."
    )


def _is_in(address: str, cidr: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(cidr)
    except ValueError:
        return False


def _next_free(region: Region, subnet: Body, taken: set[str]) -> str:
    pool = subnet["allocation_pools"][0]
    first = int(ipaddress.ip_address(pool["start"]))
    last = int(ipaddress.ip_address(pool["end"]))
    kind = ipaddress.IPv4Address if subnet["ip_version"] == 4 else ipaddress.IPv6Address
    begin = region.cursors.get(subnet["id"], first)
    for number in chain(range(begin, last + 1), range(first, begin)):
        address = str(kind(number))
        if address not in taken:
            region.cursors[subnet["id"]] = number + 1
            return address
    raise NoAddress(f"No more IP addresses available on network {subnet['network_id']}.")
