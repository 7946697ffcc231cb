"""Network security groups and their rules.

Source: https://learn.microsoft.com/en-us/rest/api/virtualnetwork/network-security-groups; default
rules: https://learn.microsoft.com/en-us/azure/virtual-network/network-security-groups-overview
"""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import accept_put, etag, make, properties, read_put

KIND: Final = "Microsoft.Network/networkSecurityGroups"

DefaultRule = tuple[str, str, str, str, str, int]

# Name, direction, source, destination, access and priority of the rules that every group has.
_DEFAULTS: Final[tuple[DefaultRule, ...]] = (
    ("AllowVnetInBound", "Inbound", "VirtualNetwork", "VirtualNetwork", "Allow", 65000),
    ("AllowAzureLoadBalancerInBound", "Inbound", "AzureLoadBalancer", "*", "Allow", 65001),
    ("DenyAllInBound", "Inbound", "*", "*", "Deny", 65500),
    ("AllowVnetOutBound", "Outbound", "VirtualNetwork", "VirtualNetwork", "Allow", 65000),
    ("AllowInternetOutBound", "Outbound", "*", "Internet", "Allow", 65001),
    ("DenyAllOutBound", "Outbound", "*", "*", "Deny", 65500),
)


def put(ask: Ask) -> Response:
    """NetworkSecurityGroups_CreateOrUpdate."""
    existing, body = read_put(ask, KIND)
    group_id = ask.id_of(KIND) if existing is None else existing.id
    asked = body.setdefault("properties", {})
    rules = [_rule(group_id, "securityRules", one) for one in asked.get("securityRules", [])]
    _refuse_double(rules)
    shown = {
        **asked,
        "resourceGuid": ask.state.identifiers.new(),
        "securityRules": rules,
        "defaultSecurityRules": [_default(group_id, one) for one in _DEFAULTS],
    }
    body = {**body, "etag": etag(), "properties": shown}
    if existing is None:
        return accept_put(ask, make(ask, KIND, body), created=True)
    for name in ("networkInterfaces", "subnets", "resourceGuid"):
        if name in properties(existing):
            shown[name] = properties(existing)[name]
    existing.body.update(body)
    return accept_put(ask, existing, created=False)


def note_interface(state: State, group_id: str, interface_id: str) -> None:
    """Let the group show that an interface uses it."""
    group = state.resources.find(group_id)
    if group is not None:
        properties(group).setdefault("networkInterfaces", []).append({"id": interface_id})


def forget_interface(state: State, group_id: str, interface_id: str) -> None:
    """Let the group show that an interface uses it no more."""
    group = state.resources.find(group_id)
    if group is not None:
        users = properties(group).get("networkInterfaces", [])
        kept = [one for one in users if one["id"].lower() != interface_id.lower()]
        properties(group)["networkInterfaces"] = kept


def refuse_used(ask: Ask, group: Resource) -> None:
    """Refuse while an interface or a subnet uses the group."""
    del ask
    users = [*properties(group).get("networkInterfaces", []), *properties(group).get("subnets", [])]
    if users:
        raise refusal(
            400,
            "InUseNetworkSecurityGroupCannotBeDeleted",
            f"Network security group {group.id} cannot be deleted because it is in use by the"
            f" following resources: {', '.join(one['id'] for one in users)}. In order to delete"
            " the Network security group, remove the association with the resource(s).",
        )


def _rule(group_id: str, collection: str, asked: dict[str, Any]) -> dict[str, Any]:
    shown = {
        "sourceAddressPrefixes": [],
        "destinationAddressPrefixes": [],
        "sourcePortRanges": [],
        "destinationPortRanges": [],
        **asked.get("properties", {}),
        "provisioningState": "Succeeded",
    }
    return {
        "name": asked["name"],
        "id": f"{group_id}/{collection}/{asked['name']}",
        "etag": etag(),
        "type": f"{KIND}/{collection}",
        "properties": shown,
    }


def _default(group_id: str, rule: DefaultRule) -> dict[str, Any]:
    name, direction, source, destination, access, priority = rule
    wanted = {
        "protocol": "*",
        "sourcePortRange": "*",
        "destinationPortRange": "*",
        "sourceAddressPrefix": source,
        "destinationAddressPrefix": destination,
        "access": access,
        "priority": priority,
        "direction": direction,
    }
    return _rule(group_id, "defaultSecurityRules", {"name": name, "properties": wanted})


def _refuse_double(rules: list[dict[str, Any]]) -> None:
    seen: set[tuple[str, int]] = set()
    for rule in rules:
        key = (rule["properties"]["direction"], rule["properties"]["priority"])
        if key in seen:
            message = f"Security rule {rule['name']} has the priority of another: {key[1]}."
            raise refusal(400, "SecurityRuleConflict", message)
        seen.add(key)


def forget(state: State, group: Resource) -> None:
    """Nothing refers to a group that is not in use."""
    del state, group
