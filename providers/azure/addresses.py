"""Addresses: public IP addresses.

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

    `attached_to` is what it is configured at: an interface, a load balancer, a gateway; Azure
    knows one at the most. A dynamic address has none (`address` is null) while its machine is
    deallocated.
    """
    properties = inner(address, "properties")
    holder = _holder(address)
    settled = ResourceState.IN_USE if holder else ResourceState.AVAILABLE
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
            "attached_to": [holder] if holder else [],
            "private_address": None,
        },
    )


def _holder(address: Document) -> str | None:
    """Return the id of the resource that has the address, which names a part of itself."""
    properties = inner(address, "properties")
    used = reference(properties, "ipConfiguration") or reference(properties, "natGateway")
    return "/".join(used.split("/")[:9]) if used else None
