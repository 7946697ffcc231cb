"""The methods of addresses and globalAddresses: static external and internal IP addresses."""

from __future__ import annotations

from skyclust_sandbox.gcp.links import path_in, scope_link
from skyclust_sandbox.gcp.network_interfaces import free_external_address
from skyclust_sandbox.gcp.operations import start_operation
from skyclust_sandbox.gcp.quotas import address_quota_failure
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.resources import (
    new_reference,
    new_resource,
    require_labels,
    with_labels,
)
from skyclust_sandbox.gcp.responses import Resource, in_use

_BODY_FIELDS = ("description", "network", "subnetwork", "purpose", "prefixLength", "address")


def insert(context: RequestContext) -> Resource:
    """Start the operation that reserves an address."""
    reference = new_reference(context, "addresses")
    body = context.body
    require_labels(body.get("labels", {}))
    address = new_resource(context.state, reference, "compute#address")
    address |= {
        "status": "RESERVED",
        "address": free_external_address(context.project),
        "addressType": body.get("addressType", "EXTERNAL"),
        "ipVersion": body.get("ipVersion", "IPV4"),
        "networkTier": body.get("networkTier", "PREMIUM"),
        **{name: body[name] for name in _BODY_FIELDS if name in body},
    }
    if reference.scope != "global":
        address["region"] = scope_link(context.project.name, reference.scope)
    with_labels(address, body.get("labels"))
    failure = context.failure or address_quota_failure(context.project, reference.scope)
    addresses = context.project.collection("addresses", reference.scope)
    addresses[reference.name] = address

    def undo() -> None:
        addresses.pop(reference.name, None)

    return start_operation(context, "insert", reference, address["id"], undo=undo, failure=failure)


def delete(context: RequestContext) -> Resource:
    """Start the operation that releases an address; raises Refused while a resource uses it."""
    reference = context.reference("addresses", context.path["address"])
    address = context.state.get(reference)
    for user in address.get("users", ()):
        raise in_use(reference.path, path_in(user))

    def finish() -> None:
        context.project.collection("addresses", reference.scope).pop(reference.name, None)

    return start_operation(context, "delete", reference, address["id"], finish=finish)
