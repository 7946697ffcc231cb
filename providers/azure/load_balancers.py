"""Load balancers of the network layer.

Source: https://learn.microsoft.com/en-us/rest/api/load-balancer/load-balancers
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


def to_load_balancer(balancer: Document) -> Resource:
    """Return a load balancer as an inventory resource.

    It is internet-facing when one of its front ends has a public address.
    """
    fronts = balancer["properties"].get("frontendIPConfigurations") or []
    inner = [front.get("properties") or {} for front in fronts]
    public = any(one.get("publicIPAddress") or one.get("publicIPPrefix") for one in inner)
    subnet = next((found for one in inner if (found := reference(one.get("subnet")))), None)
    gateway = (balancer.get("sku") or {}).get("name") == "Gateway"
    return Resource(
        provider="azure",
        region=region_of(balancer),
        kind=ResourceKind.LOAD_BALANCER,
        id=normal(balancer["id"]),
        name=balancer["name"],
        state=unsettled(balancer) or ResourceState.AVAILABLE,
        native_state=native(balancer),
        tags=tags_of(balancer),
        attributes={
            "dns_name": None,
            "firewalls": [],
            "network": subnet.partition("/subnets/")[0] if subnet else None,
            "scheme": "internet-facing" if public else "internal",
            "type": "gateway" if gateway else "network",
            "zones": [*sorted({zone for front in fronts for zone in front.get("zones") or ()})],
        },
    )
