"""Load balancers of Octavia.

Source: https://docs.openstack.org/api-ref/load-balancer/v2/#load-balancers
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
    "OFFLINE": ResourceState.UNAVAILABLE,
}


def get_load_balancers(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Json]]:
    """Yield the project's load balancers, page by page."""
    return get_pages(
        clients,
        region,
        "load-balancer",
        "/lbaas/loadbalancers",
        "loadbalancers",
        doing=f"list load_balancer in {region}",
        params=own_only(clients),
        page_size=page_size,
    )


def to_load_balancer(region: str, balancer: Json) -> Resource:
    """Return a load balancer as an inventory resource."""
    provisioning = str(balancer.get("provisioning_status") or "ACTIVE")
    operating = str(balancer.get("operating_status") or "ONLINE")
    state = PROVISIONING.get(provisioning) or OPERATING.get(operating, ResourceState.AVAILABLE)
    zone = balancer.get("availability_zone")
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.LOAD_BALANCER,
        id=balancer["id"],
        name=balancer.get("name") or "",
        zone=zone or None,
        state=state,
        native_state=f"{provisioning} ({operating})",
        tags=to_tags(balancer),
        created_at=to_moment(balancer.get("created_at")),
        attributes={
            "address": balancer.get("vip_address"),
            "description": balancer.get("description") or None,
            "dns_name": None,
            "firewalls": [],
            "network": balancer.get("vip_network_id"),
            "project": balancer.get("project_id"),
            "scheme": None,
            "subnet": balancer.get("vip_subnet_id"),
            "type": balancer.get("provider"),
            "zones": [zone] if zone else [],
        },
    )
