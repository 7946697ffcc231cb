"""Floating addresses: public ones that lead to a port.

Source: https://docs.openstack.org/api-ref/network/v2/#floating-ips-floatingips
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.network.collections import FLOATING_IPS, PORTS, find, find_own
from skyclust_sandbox.openstack.network.ports import NoAddress, detach_floating, take_address
from skyclust_sandbox.openstack.network.quotas import require_room
from skyclust_sandbox.openstack.network.resources import stamped, touch
from skyclust_sandbox.openstack.state import Region
from skyclust_sandbox.openstack.wire import Body, reply


def create_floating(context: Context) -> Response:
    """Take an address of an external network, and let it lead to a port if asked for: 201."""
    asked = context.body("floatingip")
    region, project_id = context.region, context.project_id
    network = region.networks.get(str(asked.get("floating_network_id")))
    if network is None or not network["router:external"]:
        raise context.refused(
            400,
            f"Bad floatingip request: Network {asked.get('floating_network_id')} is not a valid"
            " external network.",
            "BadRequest",
        )
    used = sum(1 for one in region.floating_ips.values() if one["project_id"] == project_id)
    require_room(context, "floatingip", used)
    port = find(context, PORTS, asked["port_id"]) if asked.get("port_id") else None
    if port is not None:
        _check(context, network["id"], port, "")
    wish: Body = {}
    if asked.get("floating_ip_address"):
        wish["ip_address"] = asked["floating_ip_address"]
    try:
        taken = take_address(region, network, wish)
    except NoAddress as error:
        raise context.refused(409, str(error), "IpAddressGenerationFailure") from error
    floating = make_floating(region, project_id, network["id"], taken["ip_address"])
    floating["description"] = asked.get("description", "")
    floating["tags"] = list(asked.get("tags", []))
    if port is not None:
        attach_floating(region, floating, port)
    return reply({"floatingip": floating}, 201)


def update_floating(context: Context) -> Response:
    """Let a floating address lead to a port, or nowhere, and return it."""
    floating = find_own(context, FLOATING_IPS)
    asked = context.body("floatingip")
    floating["description"] = asked.get("description", floating["description"])
    if "port_id" in asked:
        if asked["port_id"] is None:
            detach_floating(floating)
        else:
            port = find(context, PORTS, asked["port_id"])
            _check(context, floating["floating_network_id"], port, floating["id"])
            attach_floating(context.region, floating, port)
    touch(floating)
    return reply({"floatingip": floating})


def make_floating(region: Region, project_id: str, network_id: str, address: str) -> Body:
    """Put a floating address that leads nowhere into a region and return it."""
    floating = stamped(
        {
            "floating_network_id": network_id,
            "floating_ip_address": address,
            "fixed_ip_address": None,
            "port_id": None,
            "router_id": None,
            "status": "DOWN",
            "port_details": None,
            "dns_domain": "",
            "dns_name": "",
            "qos_policy_id": None,
        },
        project_id,
    )
    region.floating_ips[floating["id"]] = floating
    return floating


def attach_floating(region: Region, floating: Body, port: Body) -> None:
    """Let a floating address lead to a port's first address."""
    details = ("name", "network_id", "mac_address", "admin_state_up", "status", "device_id",
               "device_owner")  # fmt: skip
    floating.update(
        port_id=port["id"],
        fixed_ip_address=port["fixed_ips"][0]["ip_address"],
        router_id=_router_of(region, port, floating["floating_network_id"]),
        status="ACTIVE",
        port_details={name: port[name] for name in details},
    )


def _check(context: Context, network_id: str, port: Body, own_id: str) -> None:
    """Refuse a port that no router leads out of, or that has an address already."""
    region = context.region
    if _router_of(region, port, network_id) is None:
        subnet_id = port["fixed_ips"][0]["subnet_id"]
        raise context.refused(
            404,
            f"External network {network_id} is not reachable from subnet {subnet_id}. Therefore,"
            f" cannot associate Port {port['id']} with a Floating IP.",
            "ExternalGatewayForFloatingIPNotFound",
        )
    for other in region.floating_ips.values():
        if other["port_id"] == port["id"] and other["id"] != own_id:
            raise context.refused(
                409,
                f"Cannot associate floating IP {other['floating_ip_address']} ({other['id']}) with"
                f" port {port['id']} using fixed IP {other['fixed_ip_address']}, as that fixed IP"
                f" already has a floating IP on external network {network_id}.",
                "FloatingIPPortAlreadyAssociated",
            )


def _router_of(region: Region, port: Body, network_id: str) -> str | None:
    """Return the router that leads from a port's network to an external one."""
    for other in region.ports.values():
        if (
            other["network_id"] == port["network_id"]
            and other["device_owner"] == "network:router_interface"
        ):
            router = region.routers.get(other["device_id"])
            gateway = router and router["external_gateway_info"]
            if router and gateway and gateway["network_id"] == network_id:
                return str(router["id"])
    return None
