"""Creation of networks, subnets, ports, security groups and their rules.

Source: https://docs.openstack.org/api-ref/network/v2/
"""

from __future__ import annotations

import ipaddress

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.network import security_groups
from skyclust_sandbox.openstack.network.collections import (
    NETWORKS,
    SECURITY_GROUPS,
    Collection,
    find,
)
from skyclust_sandbox.openstack.network.networks import make_network, make_subnet
from skyclust_sandbox.openstack.network.ports import NoAddress, make_port
from skyclust_sandbox.openstack.network.quotas import require_quota
from skyclust_sandbox.openstack.network.security_groups import default_group
from skyclust_sandbox.openstack.wire import Body, reply


def create_network(context: Context) -> Response:
    """Create a network: 201."""
    body = context.body("network")
    require_quota(context, "network", len(_own(context, NETWORKS)))
    external = bool(body.get("router:external", False))
    shared = bool(body.get("shared", False))
    if (external or shared) and not context.is_admin:
        word = "router:external" if external else "shared"
        raise context.refused(
            403,
            f"((rule:create_network and rule:create_network:{word}) and"
            f" rule:create_network:{word}) is disallowed by policy",
        )
    network = make_network(
        context.region,
        _project(context, body),
        body.get("name", ""),
        shared=shared,
        external=external,
        description=body.get("description", ""),
    )
    return reply({"network": network}, 201)


def create_subnet(context: Context) -> Response:
    """Create a subnet in a network: 201."""
    body = context.body("subnet")
    network = find(context, NETWORKS, str(body.get("network_id")))
    try:
        range_ = ipaddress.ip_network(str(body.get("cidr")))
    except ValueError as error:
        raise context.refused(
            400, f"Invalid input for cidr. Reason: '{body.get('cidr')}' is not a valid IP subnet."
        ) from error
    for subnet_id in network["subnets"]:
        other = context.region.subnets[subnet_id]["cidr"]
        if range_.overlaps(ipaddress.ip_network(other)):
            raise context.refused(
                400,
                f"Invalid input for operation: Requested subnet with cidr: {range_} for network:"
                f" {network['id']} overlaps with another subnet.",
                "InvalidInput",
            )
    subnet = make_subnet(
        context.region,
        network,
        str(range_),
        name=body.get("name", ""),
        project_id=_project(context, body),
        gateway=body.get("gateway_ip", ""),
        dhcp=bool(body.get("enable_dhcp", True)),
    )
    subnet["dns_nameservers"] = body.get("dns_nameservers", [])
    return reply({"subnet": subnet}, 201)


def create_port(context: Context) -> Response:
    """Create a port in a network: 201. Its default security group is that of the project."""
    body = context.body("port")
    network = find(context, NETWORKS, str(body.get("network_id")))
    project_id = _project(context, body)
    used = sum(1 for port in context.region.ports.values() if port["project_id"] == project_id)
    require_quota(context, "port", used)
    groups = body.get("security_groups")
    if groups is None:
        default = default_group(context.region, project_id)
        groups = [] if default is None else [default["id"]]
    for group_id in groups:
        find(context, SECURITY_GROUPS, group_id)
    try:
        port = make_port(
            context.region,
            network,
            project_id,
            name=body.get("name", ""),
            fixed_ips=body.get("fixed_ips") or [],
            security_groups=groups,
            device_id=body.get("device_id", ""),
            device_owner=body.get("device_owner", ""),
        )
    except NoAddress as error:
        kind = "IpAddressGenerationFailure"
        if "already" in str(error):
            kind = "IpAddressAlreadyAllocated"
        status = 400 if "not a valid IP" in str(error) else 409
        raise context.refused(
            status, str(error), "InvalidIpForNetwork" if status == 400 else kind
        ) from error
    port["description"] = body.get("description", "")
    port["tags"] = list(body.get("tags", []))
    return reply({"port": port}, 201)


def create_security_group(context: Context) -> Response:
    """Create a security group: 201."""
    body = context.body("security_group")
    require_quota(context, "security_group", len(_own(context, SECURITY_GROUPS)))
    if body.get("name") == "default":
        raise context.refused(
            409, "Default security group already exists.", "SecurityGroupDefaultAlreadyExists"
        )
    group = security_groups.make_security_group(
        context.region,
        _project(context, body),
        str(body.get("name", "")),
        body.get("description", ""),
    )
    return reply({"security_group": group}, 201)


def create_rule(context: Context) -> Response:
    """Add a rule to a security group: 201; 409 when the group already has an equal rule."""
    body = context.body("security_group_rule")
    group = find(context, SECURITY_GROUPS, str(body.get("security_group_id")))
    if body.get("direction") not in {"ingress", "egress"}:
        raise context.refused(
            400,
            f"Invalid input for direction. Reason: '{body.get('direction')}' is not in"
            " ['ingress', 'egress'].",
        )
    kept = {key: value for key, value in body.items() if key not in {"tenant_id", "project_id"}}
    rule = security_groups.add_rule(group, kept)
    for other in group["security_group_rules"]:
        if other is not rule and _is_equal_rule(other, rule):
            group["security_group_rules"].remove(rule)
            raise context.refused(
                409,
                f"Security group rule already exists. Rule id is {other['id']}.",
                "SecurityGroupRuleExists",
            )
    return reply({"security_group_rule": rule}, 201)


def _own(context: Context, collection: Collection) -> list[Body]:
    return [
        resource
        for resource in collection.find_all(context.region).values()
        if resource["project_id"] == context.project_id
    ]


def _project(context: Context, body: Body) -> str:
    project_id = str(body.get("project_id") or body.get("tenant_id") or context.project_id)
    return project_id if context.is_admin else context.project_id


def _is_equal_rule(rule: Body, other: Body) -> bool:
    fields = (
        "direction",
        "ethertype",
        "protocol",
        "port_range_min",
        "port_range_max",
        "remote_ip_prefix",
        "remote_group_id",
    )
    return all(rule[field] == other[field] for field in fields)
