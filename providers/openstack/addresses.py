"""Addresses: floating IPs of Neutron.

Source: https://docs.openstack.org/api-ref/network/v2/#floating-ips-floatingips
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.fields import Json, inner, objects, required_id, text, timestamp
from providers.openstack.networks import to_tags
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
        params=clients.project_filter(),
        page_size=page_size,
    )


def get_address(clients: OpenStackClients, region: str, address_id: str) -> Json:
    """Return one floating IP as Neutron reports it; raises NotFound when it does not exist."""
    doing = f"read address {address_id} in {region}"
    path = f"/floatingips/{address_id}"
    return clients.read(region, "network", path, "floatingip", doing=doing)


def to_address(region: str, address: Json) -> Resource:
    """Return a floating IP as an inventory resource; `attached_to` are instances or ports.

    It is associated with one port, or forwards some of its TCP or UDP ports to several servers
    (port forwarding).
    """
    attached = _attached_to(address)
    native_state = text(address, "status")
    forwardings = objects(address, "port_forwardings") or ()
    internal = (text(one, "internal_ip_address") for one in forwardings)
    private = text(address, "fixed_ip_address") or next((one for one in internal if one), None)
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.ADDRESS,
        id=required_id(address),
        name=text(address, "dns_name") or "",
        state=_state(native_state, attached),
        native_state=native_state,
        tags=to_tags(address),
        created_at=timestamp(address, "created_at"),
        attributes={
            "address": text(address, "floating_ip_address"),
            "attached_to": None if attached is None else [*attached],
            "description": text(address, "description"),
            "network": text(address, "floating_network_id"),
            "private_address": private,
            "project": text(address, "project_id"),
        },
    )


def _attached_to(address: Json) -> list[str] | None:
    """Return the ids that a floating IP is attached to, None where Neutron does not report
    its port.

    A server's port is reported as the server. A port forwarding is reported as the internal port,
    or as the internal address where it names no port.
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


def _state(native_state: str | None, attached: list[str] | None) -> ResourceState | None:
    """Return the state: IN_USE once it is attached, also while its status is still DOWN.

    Neutron sets the status to ACTIVE when the router has set up the address.
    """
    if native_state is None or attached is None:
        return None
    if native_state == "ERROR":
        return ResourceState.ERROR
    if attached:
        return ResourceState.IN_USE
    return STATES.get(native_state, ResourceState.UPDATING)
