"""Public addresses.

Source: https://learn.microsoft.com/en-us/rest/api/virtualnetwork/public-ip-addresses
"""

from __future__ import annotations

import ipaddress
from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import accept_put, etag, make, properties, read_put

KIND: Final = "Microsoft.Network/publicIPAddresses"

_FIRST: Final = int(ipaddress.IPv4Address("20.61.0.10"))


def put(ask: Ask) -> Response:
    """PublicIPAddresses_CreateOrUpdate."""
    existing, body = read_put(ask, KIND)
    asked = body.setdefault("properties", {})
    sku = {"name": "Standard", "tier": "Regional", **body.get("sku", {})}
    static = asked.get("publicIPAllocationMethod", "Dynamic") == "Static"
    if sku["name"] == "Standard" and not static:
        message = (
            f"Standard sku publicIp {ask.id_of(KIND)} must have AllocationMethod set to Static."
        )
        raise refusal(400, "StandardSkuPublicIPAddressMustBeStatic", message)
    shown = {
        "publicIPAddressVersion": "IPv4",
        "publicIPAllocationMethod": "Dynamic",
        "idleTimeoutInMinutes": 4,
        "resourceGuid": ask.state.identifiers.new(),
        "ipTags": [],
        "ddosSettings": {"protectionMode": "VirtualNetworkInherited"},
        **asked,
    }
    body = {**body, "sku": sku, "etag": etag(), "properties": shown}
    if existing is None:
        made = make(ask, KIND, body)
        if static:
            give_address(ask.state, made)
        return accept_put(ask, made, created=True)
    for name in ("ipAddress", "ipConfiguration", "resourceGuid"):
        if name in properties(existing):
            shown[name] = properties(existing)[name]
    existing.body.update(body)
    return accept_put(ask, existing, created=False)


def give_address(state: State, resource: Resource) -> None:
    """Give the resource an address unless it has one."""
    address = ipaddress.IPv4Address(_FIRST + next(state.addresses))
    properties(resource).setdefault("ipAddress", str(address))


def refuse_used(ask: Ask, address: Resource) -> None:
    """Refuse while an interface or a load balancer has the address."""
    del ask
    user = properties(address).get("ipConfiguration")
    if user is not None:
        raise refusal(
            400,
            "PublicIPAddressCannotBeDeleted",
            f"Public IP address {address.id} can not be deleted since it is still allocated to"
            f" resource {user['id']}. In order to delete the public IP, disassociate/detach the"
            " Public IP address from the resource. To learn how to do this, see"
            " aka.ms/deletepublicip.",
        )


def forget(state: State, address: Resource) -> None:
    """Nothing refers to an address that is not in use."""
    del state, address
