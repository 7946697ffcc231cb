"""Load balancers of Octavia.

Source: https://docs.openstack.org/api-ref/load-balancer/v2/#load-balancers
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.fields import Json, objects, required_id, text, texts, timestamp
from providers.openstack.networks import to_tags
from providers.openstack.paging import get_pages
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

# https://docs.openstack.org/api-ref/load-balancer/v2/#status-codes
PROVISIONING: Final = {
    "DELETED": ResourceState.DELETED,
    "ERROR": ResourceState.ERROR,
    "PENDING_CREATE": ResourceState.PENDING,
    "PENDING_DELETE": ResourceState.DELETING,
    "PENDING_UPDATE": ResourceState.UPDATING,
}
OPERATING: Final = {
    "DEGRADED": ResourceState.DEGRADED,
    "ERROR": ResourceState.ERROR,
    "DRAINING": ResourceState.AVAILABLE,
    "NO_MONITOR": ResourceState.AVAILABLE,
    "OFFLINE": ResourceState.UNAVAILABLE,
    "ONLINE": ResourceState.AVAILABLE,
}


def get_load_balancers(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Any]]:
    """Yield the project's load balancers, page by page."""
    return get_pages(
        clients,
        region,
        "load-balancer",
        "/lbaas/loadbalancers",
        "loadbalancers",
        doing=f"list load_balancer in {region}",
        params=clients.project_filter(),
        page_size=page_size,
    )


def to_load_balancer(region: str, balancer: Json) -> Resource:
    """Return a load balancer as an inventory resource."""
    provisioning = text(balancer, "provisioning_status")
    operating = text(balancer, "operating_status")
    zone = text(balancer, "availability_zone")
    address = text(balancer, "vip_address")
    groups = texts(balancer, "vip_sg_ids")
    additional = (text(one, "ip_address") for one in objects(balancer, "additional_vips") or ())
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.LOAD_BALANCER,
        id=required_id(balancer),
        name=text(balancer, "name") or "",
        zone=zone,
        state=to_balancer_state(provisioning, operating),
        native_state=_native_state(provisioning, operating),
        tags=to_tags(balancer),
        created_at=timestamp(balancer, "created_at"),
        attributes={
            "address": address,
            "addresses": [one for one in (address, *additional) if one],
            "description": text(balancer, "description"),
            "dns_name": None,
            "firewalls": None if groups is None else [*groups],
            "network": text(balancer, "vip_network_id"),
            "project": text(balancer, "project_id"),
            "scheme": None,
            "subnet": text(balancer, "vip_subnet_id"),
            "type": text(balancer, "provider"),
            "zones": [zone] if zone else [],
        },
    )


def to_balancer_state(provisioning: str | None, operating: str | None) -> ResourceState | None:
    """Return the state for the provisioning status, or for the operating status while it is ACTIVE.

    None without an operating status. An operating status that Octavia adds later is UPDATING.
    """
    if provisioning in PROVISIONING:
        return PROVISIONING[provisioning]
    if operating is None:
        return None
    return OPERATING.get(operating, ResourceState.UPDATING)


def _native_state(provisioning: str | None, operating: str | None) -> str | None:
    if provisioning and operating:
        return f"{provisioning} ({operating})"
    return provisioning or operating
