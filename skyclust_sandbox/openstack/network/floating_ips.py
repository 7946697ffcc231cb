"""Floating IPs: addresses of an external network that are associated with ports.

Source: https://docs.openstack.org/api-ref/network/v2/#floating-ips-floatingips
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.network.collections import FLOATING_IPS, PORTS, find, find_own
from skyclust_sandbox.openstack.network.ports import NoAddress, allocate_address, disassociate
from skyclust_sandbox.openstack.network.quotas import require_quota
from skyclust_sandbox.openstack.network.resources import mark_updated, new_resource
from skyclust_sandbox.openstack.state import Region
from skyclust_sandbox.openstack.wire import Body, reply


def create_floating_ip(context: Context) -> Response:
    """Allocate a floating IP in an external network, and associate it with a port if named: 201."""
    body = context.body("floatingip")
    region, project_id = context.region, context.project_id
    network = region.networks.get(str(body.get("floating_network_id")))
    if network is None or not network["router:external"]:
        raise context.refused(
            400,
            f"Bad floatingip request: Network {body.get('floating_network_id')} is not a valid"
            " external network.",
            "BadRequest",
        )
    used = sum(
        1 for floating in region.floating_ips.values() if floating["project_id"] == project_id
    )
    require_quota(context, "floatingip", used)
    port = find(context, PORTS, body["port_id"]) if body.get("port_id") else None
    if port is not None:
        _check(context, network["id"], port, "")
    address_request: Body = {}
    if body.get("floating_ip_address"):
        address_request["ip_address"] = body["floating_ip_address"]
    try:
        taken = allocate_address(region, network, address_request)
    except NoAddress as error:
        raise context.refused(409, str(error), "IpAddressGenerationFailure") from error
    floating = make_floating_ip(region, project_id, network["id"], taken["ip_address"])
    floating["description"] = body.get("description", "")
    floating["tags"] = list(body.get("tags", []))
    if port is not None:
        associate(region, floating, port)
    return reply({"floatingip": floating}, 201)


def update_floating_ip(context: Context) -> Response:
    """Associate a floating IP with a port, or disassociate it, and return it."""
    floating = find_own(context, FLOATING_IPS)
    body = context.body("floatingip")
    floating["description"] = body.get("description", floating["description"])
    if "port_id" in body:
        if body["port_id"] is None:
            disassociate(floating)
        else:
            port = find(context, PORTS, body["port_id"])
            _check(context, floating["floating_network_id"], port, floating["id"])
            associate(context.region, floating, port)
    mark_updated(floating)
    return reply({"floatingip": floating})


def make_floating_ip(region: Region, project_id: str, network_id: str, address: str) -> Body:
    """Create a floating IP without a port and return it."""
    floating = new_resource(
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


def associate(region: Region, floating: Body, port: Body) -> None:
    """Associate a floating IP with the first fixed IP of a port."""
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
    """Refuse a port without a router to the external network, or with a floating IP already."""
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
    """Return the id of the router between a port's network and an external one, or None."""
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
