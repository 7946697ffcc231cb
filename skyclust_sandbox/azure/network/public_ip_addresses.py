"""Public IP addresses.

Source: https://learn.microsoft.com/en-us/rest/api/virtualnetwork/public-ip-addresses
"""

from __future__ import annotations

import ipaddress
from typing import Final

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

RESOURCE_TYPE: Final = "Microsoft.Network/publicIPAddresses"

_FIRST_ADDRESS: Final = int(ipaddress.IPv4Address("20.61.0.10"))


def create_or_update(context: RequestContext) -> Response:
    """PublicIPAddresses_CreateOrUpdate."""
    existing, body = read_put_request(context, RESOURCE_TYPE)
    requested = body.setdefault("properties", {})
    sku = {"name": "Standard", "tier": "Regional", **body.get("sku", {})}
    static = requested.get("publicIPAllocationMethod", "Dynamic") == "Static"
    if sku["name"] == "Standard" and not static:
        message = (
            f"Standard sku publicIp {context.resource_id(RESOURCE_TYPE)} must have"
            " AllocationMethod set to Static."
        )
        raise arm_error(400, "StandardSkuPublicIPAddressMustBeStatic", message)
    properties = {
        "publicIPAddressVersion": "IPv4",
        "publicIPAllocationMethod": "Dynamic",
        "idleTimeoutInMinutes": 4,
        "resourceGuid": context.state.identifiers.new(),
        "ipTags": [],
        "ddosSettings": {"protectionMode": "VirtualNetworkInherited"},
        **requested,
    }
    body = {**body, "sku": sku, "etag": new_etag(), "properties": properties}
    if existing is None:
        address = create_resource(context, RESOURCE_TYPE, body)
        if static:
            assign_address(context.state, address)
        return put_response(context, address, created=True)
    for name in ("ipAddress", "ipConfiguration", "resourceGuid"):
        if name in existing.properties:
            properties[name] = existing.properties[name]
    existing.body.update(body)
    return put_response(context, existing, created=False)


def assign_address(state: State, resource: Resource) -> None:
    """Assign an IP address to the resource unless it has one."""
    address = ipaddress.IPv4Address(_FIRST_ADDRESS + next(state.address_counter))
    resource.properties.setdefault("ipAddress", str(address))


def check_not_in_use(address: Resource) -> None:
    """Refuse the deletion while a network interface or a load balancer uses the address."""
    user = address.properties.get("ipConfiguration")
    if user is not None:
        raise arm_error(
            400,
            "PublicIPAddressCannotBeDeleted",
            f"Public IP address {address.id} can not be deleted since it is still allocated to"
            f" resource {user['id']}. In order to delete the public IP, disassociate/detach the"
            " Public IP address from the resource. To learn how to do this, see"
            " aka.ms/deletepublicip.",
        )
