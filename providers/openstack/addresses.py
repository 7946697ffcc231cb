"""Addresses: floating IPs of Neutron.

Source: https://docs.openstack.org/api-ref/network/v2/#floating-ips-floatingips
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.instances import to_moment
from providers.openstack.networks import own_only, to_tags
from providers.openstack.pages import get_pages
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

Json = dict[str, Any]

STATES: Final = {
    "ACTIVE": ResourceState.IN_USE,
    "DOWN": ResourceState.AVAILABLE,
    "ERROR": ResourceState.ERROR,
}


def get_addresses(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Json]]:
    """Yield the project's floating IPs, page by page."""
    return get_pages(
        clients,
        region,
        "network",
        "/floatingips",
        "floatingips",
        doing=f"list address in {region}",
        params=own_only(clients),
        page_size=page_size,
    )


def to_address(region: str, address: Json) -> Resource:
    """Return a floating IP as an inventory resource; `attached_to` is an instance or a port."""
    port = address.get("port_id")
    details = address.get("port_details") or {}
    device = details.get("device_id")
    is_machine = str(details.get("device_owner") or "").startswith("compute:")
    holder = device if device and is_machine else port
    native_state = str(address.get("status") or "DOWN")
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.ADDRESS,
        id=address["id"],
        name=address.get("dns_name") or "",
        # One that is led somewhere is DOWN until its router has heard of it.
        state=ResourceState.IN_USE
        if port and native_state != "ERROR"
        else STATES.get(native_state, ResourceState.UPDATING),
        native_state=native_state,
        tags=to_tags(address),
        created_at=to_moment(address.get("created_at")),
        attributes={
            "address": address.get("floating_ip_address"),
            "attached_to": [str(holder)] if holder else [],
            "description": address.get("description") or None,
            "network": address.get("floating_network_id"),
            "private_address": address.get("fixed_ip_address"),
            "project": address.get("project_id"),
        },
    )
