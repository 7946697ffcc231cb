"""Load balancers (layer 4).

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

    It is internet-facing if any frontend IP configuration has a public address, and internal if
    all have addresses of subnets. `address` is the first private address: public addresses are
    resources of their own.
    """
    frontends = objects(inner(balancer, "properties"), "frontendIPConfigurations")
    configurations = [inner(frontend, "properties") for frontend in frontends]
    subnets = (reference(each, "subnet") for each in configurations)
    subnet = next((each for each in subnets if each), None)
    addresses = (text(each, "privateIPAddress") for each in configurations)
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
            "address": next((each for each in addresses if each), None),
            "dns_name": None,
            "firewalls": [],
            "network": subnet.partition("/subnets/")[0] if subnet else None,
            "scheme": _scheme(configurations),
            "type": _type(text(inner(balancer, "sku"), "name")),
            "zones": [
                *sorted({zone for frontend in frontends for zone in texts(frontend, "zones")})
            ],
        },
    )


def _scheme(configurations: Sequence[Mapping[str, Any]]) -> str | None:
    """Return `internet-facing` or `internal`; None if the configurations show neither."""
    if any(
        inner(each, "publicIPAddress") or inner(each, "publicIPPrefix") for each in configurations
    ):
        return "internet-facing"
    if configurations and all(inner(each, "subnet") for each in configurations):
        return "internal"
    return None


def _type(sku: str | None) -> str | None:
    if sku is None:
        return None
    return "gateway" if sku == "Gateway" else "network"
