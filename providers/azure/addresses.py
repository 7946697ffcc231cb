"""Public IP addresses.

Source: https://learn.microsoft.com/en-us/rest/api/virtualnetwork/public-ip-addresses
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.azure import provisioning
from providers.azure.fields import inner, text
from providers.azure.ids import reference
from providers.azure.resources import id_of, location_of, name_of, tags_of, zone_of
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.azure.client import Document


def to_address(address: Document) -> Resource:
    """Return a public address as an inventory resource.

    `attached_to` is the resource that uses it: an interface, a load balancer or a gateway, at
    most one. A dynamic address has no value (`address` is null) while its VM is deallocated.
    """
    properties = inner(address, "properties")
    user = _user(address)
    settled = ResourceState.IN_USE if user else ResourceState.AVAILABLE
    state, native = provisioning.state_and_native(address, settled)
    return Resource(
        provider="azure",
        region=location_of(address),
        kind=ResourceKind.ADDRESS,
        id=id_of(address),
        name=name_of(address),
        zone=zone_of(address),
        state=state,
        native_state=native,
        tags=tags_of(address),
        attributes={
            "address": text(properties, "ipAddress"),
            "attached_to": [user] if user else [],
            "private_address": None,
        },
    )


def _user(address: Document) -> str | None:
    """Return the id of the resource that uses the address; Azure returns the id of its part."""
    properties = inner(address, "properties")
    part = reference(properties, "ipConfiguration") or reference(properties, "natGateway")
    return "/".join(part.split("/")[:9]) if part else None
