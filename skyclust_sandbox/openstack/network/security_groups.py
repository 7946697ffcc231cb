"""Security groups and their rules, as neutron shows them.

Source: https://docs.openstack.org/api-ref/network/v2/#security-groups-security-groups
"""

from __future__ import annotations

from typing import Any

from skyclust_sandbox.openstack.network.resources import new_resource
from skyclust_sandbox.openstack.state import Region
from skyclust_sandbox.openstack.wire import Body


def make_security_group(region: Region, project_id: str, name: str, description: str = "") -> Body:
    """Create a security group and return it: it permits all egress and no ingress."""
    group = new_resource(
        {"name": name, "stateful": True, "shared": False, "security_group_rules": []}, project_id
    )
    group["description"] = description
    region.security_groups[group["id"]] = group
    for version in ("IPv4", "IPv6"):
        add_rule(group, {"direction": "egress", "ethertype": version})
    return group


def make_default_group(region: Region, project_id: str) -> Body:
    """Create the group `default` of a project: it also permits ingress from its members."""
    group = make_security_group(region, project_id, "default", "Default security group")
    for version in ("IPv4", "IPv6"):
        add_rule(
            group,
            {"direction": "ingress", "ethertype": version, "remote_group_id": group["id"]},
        )
    return group


def add_rule(group: Body, attributes: dict[str, Any]) -> Body:
    """Add a rule to a group and return it."""
    rule = new_resource(
        {
            "security_group_id": group["id"],
            "direction": "ingress",
            "ethertype": "IPv4",
            "protocol": None,
            "port_range_min": None,
            "port_range_max": None,
            "remote_ip_prefix": None,
            "remote_group_id": None,
            "remote_address_group_id": None,
            "normalized_cidr": attributes.get("remote_ip_prefix"),
            "belongs_to_default_sg": group["name"] == "default",
            **attributes,
        },
        group["project_id"],
    )
    group["security_group_rules"].append(rule)
    return rule


def default_group(region: Region, project_id: str) -> Body | None:
    """Return the group `default` of a project, or None."""
    for group in region.security_groups.values():
        if group["project_id"] == project_id and group["name"] == "default":
            return group
    return None
