"""Addresses: floating IPs of Neutron.

Source: https://docs.openstack.org/api-ref/network/v2/#floating-ips-floatingips
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.fields import Json, inner, objects, required_id, text, timestamp
from providers.openstack.networks import own_only, to_tags
from providers.openstack.paging import get_pages
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

STATES: Final = {"ACTIVE": ResourceState.IN_USE, "DOWN": ResourceState.AVAILABLE}


def get_addresses(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Any]]:
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
    """Return a floating IP as an inventory resource; `attached_to` are instances or ports.

    It leads to one port, or some ports of it lead to several machines (port forwarding).
    """
    users = _users(address)
    native_state = text(address, "status")
    forwardings = objects(address, "port_forwardings") or ()
    inside = (text(one, "internal_ip_address") for one in forwardings)
    private = text(address, "fixed_ip_address") or next((one for one in inside if one), None)
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.ADDRESS,
        id=required_id(address),
        name=text(address, "dns_name") or "",
        state=_state(native_state, users),
        native_state=native_state,
        tags=to_tags(address),
        created_at=timestamp(address, "created_at"),
        attributes={
            "address": text(address, "floating_ip_address"),
            "attached_to": None if users is None else [*users],
            "description": text(address, "description"),
            "network": text(address, "floating_network_id"),
            "private_address": private,
            "project": text(address, "project_id"),
        },
    )


def _users(address: Json) -> list[str] | None:
    """Return who has a floating IP, None where Neutron does not tell.

    A forwarded port names the machine's port, and where it does not, its private address.
    """
    port = text(address, "port_id")
    if port is not None:
        details = inner(address, "port_details")
        device, owner = text(details, "device_id"), text(details, "device_owner") or ""
        return [device if device and owner.startswith("compute:") else port]
    forwarded = [
        text(one, "internal_port_id") or text(one, "internal_ip_address")
        for one in objects(address, "port_forwardings") or ()
    ]
    if not forwarded and "port_id" not in address:
        return None
    return sorted({one for one in forwarded if one})


def _state(native_state: str | None, users: list[str] | None) -> ResourceState | None:
    """Return the state: one that is led somewhere is DOWN until its router has heard of it."""
    if native_state is None or users is None:
        return None
    if native_state == "ERROR":
        return ResourceState.ERROR
    if users:
        return ResourceState.IN_USE
    return STATES.get(native_state, ResourceState.UPDATING)
