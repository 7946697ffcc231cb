"""Security groups and their rules, as the wire shows them."""

from __future__ import annotations

from typing import Any

from skyclust_sandbox.openstack.network.resources import stamped
from skyclust_sandbox.openstack.state import Region
from skyclust_sandbox.openstack.wire import Body


def make_group(region: Region, project_id: str, name: str, description: str = "") -> Body:
    """Put a security group into a region and return it: all may go out, nothing may come in."""
    group = stamped(
        {"name": name, "stateful": True, "shared": False, "security_group_rules": []}, project_id
    )
    group["description"] = description
    region.security_groups[group["id"]] = group
    for version in ("IPv4", "IPv6"):
        add_rule(group, {"direction": "egress", "ethertype": version})
    return group


def make_default_group(region: Region, project_id: str) -> Body:
    """Put a project's group `default` into a region: members of the group may come in."""
    group = make_group(region, project_id, "default", "Default security group")
    for version in ("IPv4", "IPv6"):
        add_rule(
            group,
            {"direction": "ingress", "ethertype": version, "remote_group_id": group["id"]},
        )
    return group


def add_rule(group: Body, asked: dict[str, Any]) -> Body:
    """Put a rule into a group and return it."""
    rule = stamped(
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
            "normalized_cidr": asked.get("remote_ip_prefix"),
            "belongs_to_default_sg": group["name"] == "default",
            **asked,
        },
        group["project_id"],
    )
    group["security_group_rules"].append(rule)
    return rule


def default_group(region: Region, project_id: str) -> Body | None:
    """Return a project's group `default`, if it has one."""
    for group in region.security_groups.values():
        if group["project_id"] == project_id and group["name"] == "default":
            return group
    return None
