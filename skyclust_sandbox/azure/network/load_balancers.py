"""Load balancers.

Source: https://learn.microsoft.com/en-us/rest/api/load-balancer/load-balancers
"""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.network import public_ip_addresses
from skyclust_sandbox.azure.network.virtual_networks import (
    find_subnet,
    give_back_address,
    take_address,
)
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import (
    accept_put,
    etag,
    make,
    missing_reference,
    properties,
    read_put,
    require_reference,
)

KIND: Final = "Microsoft.Network/loadBalancers"

_PARTS: Final = (
    "backendAddressPools",
    "loadBalancingRules",
    "probes",
    "inboundNatRules",
    "outboundRules",
)


def put(ask: Ask) -> Response:
    """LoadBalancers_CreateOrUpdate."""
    existing, body = read_put(ask, KIND)
    asked = body.setdefault("properties", {})
    balancer_id = ask.id_of(KIND) if existing is None else existing.id
    fronts = asked.get("frontendIPConfigurations", [])
    for front in fronts:
        _check(ask.state, front.get("properties", {}), balancer_id, body["location"])
    if existing is not None:
        forget(ask.state, existing)
    shown: dict[str, Any] = {
        **asked,
        "resourceGuid": ask.state.identifiers.new(),
        "frontendIPConfigurations": [
            _front(ask.state, front, balancer_id, body.get("zones")) for front in fronts
        ],
        "inboundNatPools": [],
    }
    for part in _PARTS:
        shown[part] = [_part(balancer_id, part, one) for one in asked.get(part, [])]
    sku = {"name": "Standard", "tier": "Regional", **body.get("sku", {})}
    body = {**body, "sku": sku, "etag": etag(), "properties": shown}
    if existing is None:
        return accept_put(ask, make(ask, KIND, body), created=True)
    existing.body.update(body)
    return accept_put(ask, existing, created=False)


def refuse_used(ask: Ask, balancer: Resource) -> None:
    """A load balancer can always be deleted: its members are left as they are."""
    del ask, balancer


def forget(state: State, balancer: Resource) -> None:
    """Give back the addresses of its front ends."""
    for front in properties(balancer)["frontendIPConfigurations"]:
        configured = front["properties"]
        if "publicIPAddress" in configured:
            address = state.resources.find(configured["publicIPAddress"]["id"])
            if address is not None:
                properties(address).pop("ipConfiguration", None)
        elif "subnet" in configured:
            subnet = find_subnet(state, configured["subnet"]["id"])
            if subnet is not None:
                give_back_address(state, subnet, configured["privateIPAddress"])
                users = subnet.body["properties"].get("ipConfigurations", [])
                kept = [user for user in users if user["id"] != front["id"]]
                subnet.body["properties"]["ipConfigurations"] = kept


def _check(state: State, asked: dict[str, Any], balancer_id: str, location: str) -> None:
    if "publicIPAddress" in asked:
        require_reference(
            state, asked["publicIPAddress"]["id"], public_ip_addresses.KIND, location, balancer_id
        )
    else:
        subnet_id = asked.get("subnet", {}).get("id", "")
        if find_subnet(state, subnet_id) is None:
            raise missing_reference(subnet_id, balancer_id)


def _front(state: State, asked: dict[str, Any], balancer_id: str, zones: object) -> dict[str, Any]:
    wanted = asked.get("properties", {})
    front = _part(balancer_id, "frontendIPConfigurations", asked)
    shown = front["properties"]
    shown.setdefault("privateIPAllocationMethod", "Dynamic")
    if zones is not None:
        front["zones"] = zones
    if "publicIPAddress" in wanted:
        address = state.resources.find(wanted["publicIPAddress"]["id"])
        if address is not None:
            properties(address)["ipConfiguration"] = {"id": front["id"]}
            public_ip_addresses.give_address(state, address)
        return front
    subnet = find_subnet(state, wanted["subnet"]["id"])
    if subnet is not None:
        shown["privateIPAddress"] = take_address(state, subnet, wanted.get("privateIPAddress"))
        shown["privateIPAddressVersion"] = "IPv4"
        subnet.body["properties"].setdefault("ipConfigurations", []).append({"id": front["id"]})
    return front


def _part(balancer_id: str, collection: str, asked: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: value for name, value in asked.items() if name == "zones"},
        "name": asked["name"],
        "id": f"{balancer_id}/{collection}/{asked['name']}",
        "etag": etag(),
        "type": f"{KIND}/{collection}",
        "properties": {**asked.get("properties", {}), "provisioningState": "Succeeded"},
    }
