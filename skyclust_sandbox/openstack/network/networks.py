"""Networks and subnets as neutron shows them.

Source: https://docs.openstack.org/api-ref/network/v2/
"""

from __future__ import annotations

import ipaddress

from skyclust_sandbox.openstack.network.resources import new_resource
from skyclust_sandbox.openstack.state import Region
from skyclust_sandbox.openstack.wire import Body


def make_network(
    region: Region,
    project_id: str,
    name: str,
    *,
    shared: bool = False,
    external: bool = False,
    description: str = "",
    mtu: int = 1442,
) -> Body:
    """Create a network without subnets and return it."""
    network = new_resource(
        {
            "name": name,
            "admin_state_up": True,
            "status": "ACTIVE",
            "shared": shared,
            "router:external": external,
            "is_default": False,
            "mtu": mtu,
            "port_security_enabled": True,
            "subnets": [],
            "availability_zones": list(region.zones),
            "availability_zone_hints": [],
            "ipv4_address_scope": None,
            "ipv6_address_scope": None,
            "description": description,
        },
        project_id,
    )
    region.networks[network["id"]] = network
    return network


def make_subnet(
    region: Region,
    network: Body,
    cidr: str,
    *,
    name: str = "",
    project_id: str | None = None,
    gateway: str | None = "",
    dhcp: bool = True,
) -> Body:
    """Create a subnet in a network and return it; the gateway is the first address by default."""
    range_ = ipaddress.ip_network(cidr)
    first = str(range_[1]) if gateway == "" else gateway
    start = range_[2] if first == str(range_[1]) else range_[1]
    subnet = new_resource(
        {
            "name": name,
            "network_id": network["id"],
            "ip_version": range_.version,
            "cidr": str(range_),
            "gateway_ip": first,
            "enable_dhcp": dhcp,
            "allocation_pools": [{"start": str(start), "end": str(range_[-2])}],
            "dns_nameservers": [],
            "host_routes": [],
            "ipv6_address_mode": None,
            "ipv6_ra_mode": None,
            "subnetpool_id": None,
            "service_types": [],
        },
        project_id or network["project_id"],
    )
    region.subnets[subnet["id"]] = subnet
    network["subnets"].append(subnet["id"])
    return subnet
