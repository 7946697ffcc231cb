"""What a new subscription here has: a resource group and a network in each location."""

from __future__ import annotations

from typing import Any, Final

from skyclust.sandbox.azure import groups, networks
from skyclust.sandbox.azure.locations import LOCATIONS
from skyclust.sandbox.azure.state import Resource, State
from skyclust.sandbox.azure.tenants import TENANTS

GROUP: Final = "default"


def begin(state: State) -> None:
    """Make the default group and networks of every subscription."""
    for tenant in TENANTS:
        groups.make(state, tenant.subscription, GROUP, "westeurope")
        for number, location in enumerate(LOCATIONS):
            make_network(
                state,
                subscription=tenant.subscription,
                group=GROUP,
                name=f"default-{location}",
                location=location,
                prefix=f"10.{number}.0.0/16",
                subnets={"default": f"10.{number}.0.0/20"},
            )


def make_network(
    state: State,
    *,
    subscription: str,
    group: str,
    name: str,
    location: str,
    prefix: str,
    subnets: dict[str, str],
    tags: dict[str, str] | None = None,
) -> Resource:
    """Return a new virtual network with these subnets, by their names, put in its place."""
    network_id = f"/subscriptions/{subscription}/resourceGroups/{group}"
    network_id += f"/providers/{networks.KIND}/{name}"
    body: dict[str, Any] = networks.described(network_id, [prefix], subnets)
    body = {"name": name, "id": network_id, "location": location, **body}
    if tags:
        body["tags"] = tags
    network = Resource(network_id, networks.KIND, name, subscription, group, location, body)
    state.resources.add(network)
    return network
