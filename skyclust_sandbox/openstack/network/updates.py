"""Updates and deletions of neutron's resources.

Source: https://docs.openstack.org/api-ref/network/v2/
"""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.network.collections import Collection, find_own
from skyclust_sandbox.openstack.network.ports import remove_port
from skyclust_sandbox.openstack.network.resources import mark_updated
from skyclust_sandbox.openstack.wire import Body, empty, reply


def update_resource(context: Context, collection: Collection) -> Response:
    """Set the attributes of a resource that can be changed and return it."""
    resource = find_own(context, collection)
    for name, value in context.body(collection.singular).items():
        if name not in collection.changeable:
            raise context.refused(
                400, f"Cannot update read-only attribute {name}", "HTTPBadRequest"
            )
        resource[name] = value
    mark_updated(resource)
    return reply({collection.singular: resource})


def delete_resource(context: Context, collection: Collection) -> Response:
    """Delete a resource: 204; 409 while other resources use it."""
    resource = find_own(context, collection)
    _REMOVALS[collection.plural](context, resource)
    return empty()


def _delete_network(context: Context, network: Body) -> None:
    region = context.region
    used = [port for port in region.ports.values() if port["network_id"] == network["id"]]
    if used:
        raise context.refused(
            409,
            f"Unable to complete operation on network {network['id']}. There are one or more ports"
            " still in use on the network.",
            "NetworkInUse",
        )
    for subnet_id in network["subnets"]:
        del region.subnets[subnet_id]
    del region.networks[network["id"]]


def _delete_subnet(context: Context, subnet: Body) -> None:
    region = context.region
    for port in region.ports.values():
        if subnet["id"] in {fixed["subnet_id"] for fixed in port["fixed_ips"]}:
            raise context.refused(
                409,
                f"Unable to complete operation on subnet {subnet['id']}: One or more ports have an"
                " IP allocation from this subnet.",
                "SubnetInUse",
            )
    region.networks[subnet["network_id"]]["subnets"].remove(subnet["id"])
    del region.subnets[subnet["id"]]


def _delete_port(context: Context, port: Body) -> None:
    if port["device_owner"].startswith("network:"):
        raise context.refused(
            409,
            f"Port {port['id']} cannot be deleted directly via the port API: has device owner"
            f" {port['device_owner']}.",
            "ServicePortInUse",
        )
    server = context.region.servers.get(port["device_id"])
    if server is not None and port["id"] in server.port_ids:
        server.port_ids.remove(port["id"])
        server.own_port_ids.discard(port["id"])
    remove_port(context.region, port)


def _delete_security_group(context: Context, group: Body) -> None:
    if group["name"] == "default" and not context.is_admin:
        raise context.refused(
            409, "Removing default security group not allowed.", "SecurityGroupCannotRemoveDefault"
        )
    for port in context.region.ports.values():
        if group["id"] in port["security_groups"]:
            raise context.refused(
                409, f"Security Group {group['id']} in use.", "SecurityGroupInUse"
            )
    del context.region.security_groups[group["id"]]


def _delete_rule(context: Context, rule: Body) -> None:
    group = context.region.security_groups[rule["security_group_id"]]
    group["security_group_rules"].remove(rule)


def _delete_floating(context: Context, floating: Body) -> None:
    region = context.region
    del region.floating_ips[floating["id"]]
    for subnet_id in region.networks[floating["floating_network_id"]]["subnets"]:
        region.addresses.get(subnet_id, set()).discard(floating["floating_ip_address"])


def _delete_router(context: Context, router: Body) -> None:
    inside = [
        port
        for port in context.region.ports.values()
        if port["device_id"] == router["id"] and port["device_owner"].endswith("interface")
    ]
    if inside:
        raise context.refused(409, f"Router {router['id']} still has ports", "RouterInUse")
    for port in list(context.region.ports.values()):
        if port["device_id"] == router["id"]:
            remove_port(context.region, port)
    del context.region.routers[router["id"]]


_REMOVALS: dict[str, Callable[[Context, Body], None]] = {
    "networks": _delete_network,
    "subnets": _delete_subnet,
    "ports": _delete_port,
    "security_groups": _delete_security_group,
    "security_group_rules": _delete_rule,
    "floatingips": _delete_floating,
    "routers": _delete_router,
}
