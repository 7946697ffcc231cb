"""Addresses: public IP addresses.

Source: https://learn.microsoft.com/en-us/rest/api/virtualnetwork/public-ip-addresses
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.azure.ids import normal, reference
from providers.azure.instances import tags_of
from providers.azure.provisioning import native, unsettled
from providers.azure.regions import region_of
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.azure.client import Document


def to_address(address: Document) -> Resource:
    """Return a public address as an inventory resource.

    `attached_to` is what it is configured at: an interface, a load balancer, a gateway. A
    dynamic address has none (`address` is null) while its machine is deallocated.
    """
    properties = address["properties"]
    configuration = reference(properties.get("ipConfiguration"))
    configuration = configuration or reference(properties.get("natGateway"))
    holder = "/".join(configuration.split("/")[:9]) if configuration else None
    zones = list(address.get("zones") or ())
    return Resource(
        provider="azure",
        region=region_of(address),
        kind=ResourceKind.ADDRESS,
        id=normal(address["id"]),
        name=address["name"],
        zone=zones[0] if len(zones) == 1 else None,
        state=unsettled(address) or (ResourceState.IN_USE if holder else ResourceState.AVAILABLE),
        native_state=native(address),
        tags=tags_of(address),
        attributes={
            "address": properties.get("ipAddress"),
            "attached_to": [holder] if holder else [],
            "private_address": None,
        },
    )
