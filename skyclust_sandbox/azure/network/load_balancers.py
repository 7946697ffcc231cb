"""Load balancers.

Source: https://learn.microsoft.com/en-us/rest/api/load-balancer/load-balancers
"""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.network import public_ip_addresses
from skyclust_sandbox.azure.network.virtual_networks import (
    allocate_address,
    find_subnet,
    release_address,
)
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import (
    create_resource,
    invalid_reference_error,
    new_etag,
    put_response,
    read_put_request,
    require_reference,
)

RESOURCE_TYPE: Final = "Microsoft.Network/loadBalancers"

_COLLECTIONS: Final = (
    "backendAddressPools",
    "loadBalancingRules",
    "probes",
    "inboundNatRules",
    "outboundRules",
)


def create_or_update(context: RequestContext) -> Response:
    """LoadBalancers_CreateOrUpdate."""
    existing, body = read_put_request(context, RESOURCE_TYPE)
    requested = body.setdefault("properties", {})
    balancer_id = context.resource_id(RESOURCE_TYPE) if existing is None else existing.id
    frontends = requested.get("frontendIPConfigurations", [])
    for frontend in frontends:
        _check_frontend(
            context.state, frontend.get("properties", {}), balancer_id, body["location"]
        )
    if existing is not None:
        release_references(context.state, existing)
    properties: dict[str, Any] = {
        **requested,
        "resourceGuid": context.state.identifiers.new(),
        "frontendIPConfigurations": [
            _frontend(context.state, frontend, balancer_id, body.get("zones"))
            for frontend in frontends
        ],
        "inboundNatPools": [],
    }
    for collection in _COLLECTIONS:
        properties[collection] = [
            _child(balancer_id, collection, child) for child in requested.get(collection, [])
        ]
    sku = {"name": "Standard", "tier": "Regional", **body.get("sku", {})}
    body = {**body, "sku": sku, "etag": new_etag(), "properties": properties}
    if existing is None:
        balancer = create_resource(context, RESOURCE_TYPE, body)
        return put_response(context, balancer, created=True)
    existing.body.update(body)
    return put_response(context, existing, created=False)


def release_references(state: State, balancer: Resource) -> None:
    """Release the public and private IP addresses of the load balancer's frontends."""
    for frontend in balancer.properties["frontendIPConfigurations"]:
        properties = frontend["properties"]
        if "publicIPAddress" in properties:
            address = state.resources.find(properties["publicIPAddress"]["id"])
            if address is not None:
                address.properties.pop("ipConfiguration", None)
        elif "subnet" in properties:
            subnet = find_subnet(state, properties["subnet"]["id"])
            if subnet is not None:
                release_address(state, subnet, properties["privateIPAddress"])
                subnet.remove_ip_configuration(frontend["id"])


def _check_frontend(
    state: State, requested: dict[str, Any], balancer_id: str, location: str
) -> None:
    if "publicIPAddress" in requested:
        address_id = requested["publicIPAddress"]["id"]
        require_reference(
            state, address_id, public_ip_addresses.RESOURCE_TYPE, location, balancer_id
        )
    else:
        subnet_id = requested.get("subnet", {}).get("id", "")
        if find_subnet(state, subnet_id) is None:
            raise invalid_reference_error(subnet_id, balancer_id)


def _frontend(
    state: State, requested: dict[str, Any], balancer_id: str, zones: object
) -> dict[str, Any]:
    """Return a frontend IP configuration, with its public or private IP address bound to it."""
    frontend = _child(balancer_id, "frontendIPConfigurations", requested)
    properties = frontend["properties"]
    properties.setdefault("privateIPAllocationMethod", "Dynamic")
    if zones is not None:
        frontend["zones"] = zones
    if "publicIPAddress" in properties:
        address = state.resources.find(properties["publicIPAddress"]["id"])
        if address is not None:
            address.properties["ipConfiguration"] = {"id": frontend["id"]}
            public_ip_addresses.assign_address(state, address)
        return frontend
    subnet = find_subnet(state, properties["subnet"]["id"])
    if subnet is not None:
        properties["privateIPAddress"] = allocate_address(
            state, subnet, properties.get("privateIPAddress")
        )
        properties["privateIPAddressVersion"] = "IPv4"
        subnet.add_ip_configuration(frontend["id"])
    return frontend


def _child(balancer_id: str, collection: str, requested: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: value for name, value in requested.items() if name == "zones"},
        "name": requested["name"],
        "id": f"{balancer_id}/{collection}/{requested['name']}",
        "etag": new_etag(),
        "type": f"{RESOURCE_TYPE}/{collection}",
        "properties": {**requested.get("properties", {}), "provisioningState": "Succeeded"},
    }
