"""Load balancers of the network layer.

Source: https://learn.microsoft.com/en-us/rest/api/load-balancer/load-balancers
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from providers.azure import provisioning
from providers.azure.fields import inner, objects, text, texts
from providers.azure.ids import reference
from providers.azure.resources import id_of, location_of, name_of, tags_of
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.azure.client import Document


def to_load_balancer(balancer: Document) -> Resource:
    """Return a load balancer as an inventory resource.

    It is internet-facing when one of its front ends has a public address, and internal when
    all have addresses of subnets; `address` is the first of those, for public ones are
    resources of their own.
    """
    fronts = objects(inner(balancer, "properties"), "frontendIPConfigurations")
    ends = [inner(front, "properties") for front in fronts]
    subnet = next((found for one in ends if (found := reference(one, "subnet"))), None)
    addresses = (text(one, "privateIPAddress") for one in ends)
    state, native = provisioning.state_and_native(balancer, ResourceState.AVAILABLE)
    return Resource(
        provider="azure",
        region=location_of(balancer),
        kind=ResourceKind.LOAD_BALANCER,
        id=id_of(balancer),
        name=name_of(balancer),
        state=state,
        native_state=native,
        tags=tags_of(balancer),
        attributes={
            "address": next((one for one in addresses if one), None),
            "dns_name": None,
            "firewalls": [],
            "network": subnet.partition("/subnets/")[0] if subnet else None,
            "scheme": _scheme(ends),
            "type": _type(text(inner(balancer, "sku"), "name")),
            "zones": [*sorted({zone for front in fronts for zone in texts(front, "zones")})],
        },
    )


def _scheme(ends: Sequence[Mapping[str, Any]]) -> str | None:
    """Return which side a balancer faces; None for one whose front ends do not tell."""
    if any(inner(one, "publicIPAddress") or inner(one, "publicIPPrefix") for one in ends):
        return "internet-facing"
    if ends and all(inner(one, "subnet") for one in ends):
        return "internal"
    return None


def _type(sku: str | None) -> str | None:
    if sku is None:
        return None
    return "gateway" if sku == "Gateway" else "network"
