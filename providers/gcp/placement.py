"""Whether all that a machine needs is there, without making it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.gcp.create_request import refuse_impossible
from providers.gcp.links import region_of, to_link
from providers.gcp.lookups import find_image, find_network, find_zone
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceSpec

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients


def check_placement(clients: GcpClients, spec: InstanceSpec) -> None:
    """Find all that a create of this needs, and make nothing.

    Raises NotFound or InvalidRequest for a zone, a type, an image or a network that is not
    there, and for what Compute Engine cannot do. Capacity and quotas are known by trying alone.
    """
    refuse_impossible(spec)
    find_zone(clients, spec.region, spec.zone, spec.type, spec.name)
    if spec.zone is not None:
        _require_type(clients, spec.zone, spec.type)
    find_image(clients, spec.image)
    network = find_network(clients, spec.region, spec.network)
    if "subnetwork" in network:
        _require_subnet(clients, spec.region, network["subnetwork"])


def _require_type(clients: GcpClients, zone: str, kind: str) -> None:
    try:
        clients.read(
            f"zones/{zone}/machineTypes/{kind}", f"look for {kind} in {zone}", kind="machineType"
        )
    except NotFound as error:
        raise NotFound(
            f"Zone {zone} offers no machine type {kind!r}.",
            hint="Leave the zone empty, or choose another type.",
            provider="gcp",
        ) from error


def _require_subnet(clients: GcpClients, region: str, url: str) -> None:
    """Read a subnet by its link, for one that was given as a link has not been read yet."""
    if (place := region_of(to_link(url).place)) != region:
        raise InvalidRequest(
            f"The subnet {url!r} is in {place or 'no region'}, not in {region}.", provider="gcp"
        )
    path = url[url.index("projects/") :] if "projects/" in url else url
    clients.read(path, f"look for subnet {url!r}", kind="subnetwork")
