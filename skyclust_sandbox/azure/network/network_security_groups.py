"""Network security groups and their rules.

Source: https://learn.microsoft.com/en-us/rest/api/virtualnetwork/network-security-groups; default
rules: https://learn.microsoft.com/en-us/azure/virtual-network/network-security-groups-overview
"""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import (
    create_resource,
    new_etag,
    put_response,
    read_put_request,
)

RESOURCE_TYPE: Final = "Microsoft.Network/networkSecurityGroups"

DefaultRule = tuple[str, str, str, str, str, int]

# Name, direction, source, destination, access and priority of the default rules of every group.
_DEFAULT_RULES: Final[tuple[DefaultRule, ...]] = (
    ("AllowVnetInBound", "Inbound", "VirtualNetwork", "VirtualNetwork", "Allow", 65000),
    ("AllowAzureLoadBalancerInBound", "Inbound", "AzureLoadBalancer", "*", "Allow", 65001),
    ("DenyAllInBound", "Inbound", "*", "*", "Deny", 65500),
    ("AllowVnetOutBound", "Outbound", "VirtualNetwork", "VirtualNetwork", "Allow", 65000),
    ("AllowInternetOutBound", "Outbound", "*", "Internet", "Allow", 65001),
    ("DenyAllOutBound", "Outbound", "*", "*", "Deny", 65500),
)


def create_or_update(context: RequestContext) -> Response:
    """NetworkSecurityGroups_CreateOrUpdate."""
    existing, body = read_put_request(context, RESOURCE_TYPE)
    group_id = context.resource_id(RESOURCE_TYPE) if existing is None else existing.id
    requested = body.setdefault("properties", {})
    rules = [_rule(group_id, "securityRules", rule) for rule in requested.get("securityRules", [])]
    _check_priorities(rules)
    properties = {
        **requested,
        "resourceGuid": context.state.identifiers.new(),
        "securityRules": rules,
        "defaultSecurityRules": [_default_rule(group_id, rule) for rule in _DEFAULT_RULES],
    }
    body = {**body, "etag": new_etag(), "properties": properties}
    if existing is None:
        group = create_resource(context, RESOURCE_TYPE, body)
        return put_response(context, group, created=True)
    for name in ("networkInterfaces", "subnets", "resourceGuid"):
        if name in existing.properties:
            properties[name] = existing.properties[name]
    existing.body.update(body)
    return put_response(context, existing, created=False)


def add_interface(state: State, group_id: str, interface_id: str) -> None:
    """Add a network interface to the group's `networkInterfaces`."""
    group = state.resources.find(group_id)
    if group is not None:
        group.properties.setdefault("networkInterfaces", []).append({"id": interface_id})


def remove_interface(state: State, group_id: str, interface_id: str) -> None:
    """Remove a network interface from the group's `networkInterfaces`."""
    group = state.resources.find(group_id)
    if group is not None:
        references = group.properties.get("networkInterfaces", [])
        group.properties["networkInterfaces"] = [
            reference for reference in references if reference["id"].lower() != interface_id.lower()
        ]


def check_not_in_use(group: Resource) -> None:
    """Refuse the deletion while a network interface or a subnet uses the group."""
    users = [
        *group.properties.get("networkInterfaces", []),
        *group.properties.get("subnets", []),
    ]
    if users:
        raise arm_error(
            400,
            "InUseNetworkSecurityGroupCannotBeDeleted",
            f"Network security group {group.id} cannot be deleted because it is in use by the"
            f" following resources: {', '.join(user['id'] for user in users)}. In order to delete"
            " the Network security group, remove the association with the resource(s).",
        )


def _rule(group_id: str, collection: str, requested: dict[str, Any]) -> dict[str, Any]:
    properties = {
        "sourceAddressPrefixes": [],
        "destinationAddressPrefixes": [],
        "sourcePortRanges": [],
        "destinationPortRanges": [],
        **requested.get("properties", {}),
        "provisioningState": "Succeeded",
    }
    return {
        "name": requested["name"],
        "id": f"{group_id}/{collection}/{requested['name']}",
        "etag": new_etag(),
        "type": f"{RESOURCE_TYPE}/{collection}",
        "properties": properties,
    }


def _default_rule(group_id: str, rule: DefaultRule) -> dict[str, Any]:
    name, direction, source, destination, access, priority = rule
    properties = {
        "protocol": "*",
        "sourcePortRange": "*",
        "destinationPortRange": "*",
        "sourceAddressPrefix": source,
        "destinationAddressPrefix": destination,
        "access": access,
        "priority": priority,
        "direction": direction,
    }
    return _rule(group_id, "defaultSecurityRules", {"name": name, "properties": properties})


def _check_priorities(rules: list[dict[str, Any]]) -> None:
    """Refuse two rules with the same direction and priority."""
    seen: set[tuple[str, int]] = set()
    for rule in rules:
        key = (rule["properties"]["direction"], rule["properties"]["priority"])
        if key in seen:
            message = f"Security rule {rule['name']} has the priority of another: {key[1]}."
            raise arm_error(400, "SecurityRuleConflict", message)
        seen.add(key)
