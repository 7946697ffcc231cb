"""Checking, without creating anything, that a location has what an instance needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.gcp.create_request import check_spec
from providers.gcp.links import link_path, parse_link, region_of
from providers.gcp.lookups import find_image, find_network, find_zone
from skyclust.contract import PlacementProvider
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceSpec

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients


class GcpPlacement(PlacementProvider):
    """Checks of zones, machine types, images and networks."""

    _clients: GcpClients

    def check_placement(self, spec: InstanceSpec) -> None:
        """Look up everything that `create_instance` needs, and create nothing.

        Raises NotFound or InvalidRequest for a zone, a type, an image or a network that does not
        exist, and for a spec that Compute Engine refuses. Capacity and quotas cannot be read in
        advance.
        """
        clients = self._clients
        check_spec(spec)
        find_zone(clients, spec.region, spec.zone, spec.type, spec.name)
        if spec.zone is not None:
            _require_machine_type(clients, spec.zone, spec.type)
        find_image(clients, spec.image)
        network = find_network(clients, spec.region, spec.network)
        if "subnetwork" in network:
            _require_subnet(clients, spec.region, network["subnetwork"])


def _require_machine_type(clients: GcpClients, zone: str, machine_type: str) -> None:
    path = f"zones/{zone}/machineTypes/{machine_type}"
    try:
        clients.get(path, f"look for {machine_type} in {zone}", kind="machineType")
    except NotFound as error:
        raise NotFound(
            f"Zone {zone} offers no machine type {machine_type!r}.",
            hint="Leave the zone empty, or choose another type.",
            provider="gcp",
        ) from error


def _require_subnet(clients: GcpClients, region: str, url: str) -> None:
    """Fetch a subnet by its link: `find_network` does not fetch a subnet that is given so."""
    if (location := region_of(parse_link(url).location)) != region:
        raise InvalidRequest(
            f"The subnet {url!r} is in {location or 'no region'}, not in {region}.",
            provider="gcp",
        )
    clients.get(link_path(url), f"look for subnet {url!r}", kind="subnetwork")
