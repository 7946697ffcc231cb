"""Looking up the zone, the image and the network that a spec names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from providers.gcp import fields
from providers.gcp.image_families import FAMILIES, publisher_of
from providers.gcp.links import link_path, self_link, to_id
from providers.gcp.networks import DEFAULT
from providers.gcp.paging import list_all
from providers.gcp.regions import get_zones
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.catalog import Architecture

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject


# https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks, `purpose`: PRIVATE by
# default; PRIVATE_RFC_1918 is its older name.
_INSTANCE_PURPOSES: Final = frozenset({None, "PRIVATE", "PRIVATE_RFC_1918"})


def find_zone(
    clients: GcpClients, region: str, zone: str | None, machine_type: str, token: str
) -> str:
    """Return the zone for an instance: the requested one, else one that offers its type.

    Among several zones the token decides: a repeated request gets the same zone, and many
    instances are spread over all zones. Raises InvalidRequest for a zone of another region,
    NotFound when no zone of the region offers the type.
    """
    zones = get_zones(clients, region)
    if zone is not None:
        if zone not in zones:
            raise InvalidRequest(
                f"{region} has no zone {zone}.",
                hint=f"Its zones are: {', '.join(zones)}.",
                provider="gcp",
            )
        return zone
    for candidate in rotate_by_token(zones, token):
        path = f"zones/{candidate}/machineTypes/{machine_type}"
        try:
            clients.get(path, f"look for {machine_type} in {candidate}", kind="machineType")
        except NotFound:
            continue
        return candidate
    raise NotFound(f"No zone of {region} offers machine type {machine_type!r}.", provider="gcp")


def rotate_by_token(zones: Sequence[str], token: str) -> list[str]:
    """Return the zones sorted and rotated by an offset that depends only on the token."""
    ordered = sorted(zones)
    if not ordered:
        return []
    offset = int.from_bytes(sha256(token.encode()).digest()[:8]) % len(ordered)
    return ordered[offset:] + ordered[:offset]


def find_image(clients: GcpClients, image: str) -> str:
    """Return the link of an image that is given by id, link, name or family.

    A name is looked up among the images and the families of the project, then among those of
    the publisher whose prefix it has, so that `ubuntu-24.04` and `debian-12` are valid. A value
    with a slash is a link, or a project and a name: `debian-cloud/debian-12`. Raises NotFound
    when there is no such image.
    """
    for path in _image_paths(image):
        try:
            reply = clients.get(path, f"look for image {image!r}", kind="image")
        except NotFound:
            continue
        return fields.required_text(reply, "selfLink")
    raise NotFound(
        f"The project has no image and no image family {image!r}, nor has a publisher of images.",
        hint="An image of another project is given as PROJECT/NAME.",
        provider="gcp",
    )


def _image_paths(image: str) -> Iterator[str]:
    if "projects/" in image:
        yield link_path(image)
        return
    project, _, name = image.rpartition("/")
    if project:
        yield f"projects/{project}/global/images/{name}"
        yield f"projects/{project}/global/images/family/{name}"
        return
    yield f"global/images/{name}"
    yield f"global/images/family/{name}"
    if (family := FAMILIES.get(name)) is not None:
        family_name = family.name(Architecture.X86_64)
        yield f"projects/{family.project}/global/images/family/{family_name}"
    elif (publisher := publisher_of(name)) is not None:
        yield f"projects/{publisher}/global/images/{name}"
        yield f"projects/{publisher}/global/images/family/{name}"


def find_network(clients: GcpClients, region: str, network: str | None) -> dict[str, str]:
    """Return the network fields of an instance's interface, from an id, a link or a name.

    A name is that of a subnet in the region, else that of a network; a network must have exactly
    one subnet in the region. None is the network `default`. Raises NotFound when there is no
    such network or subnet, InvalidRequest when a network has several subnets in the region.
    """
    if network is None:
        return _network_fields(clients, region, f"global/networks/{DEFAULT}", DEFAULT)
    if "/subnetworks/" in network:
        return {"subnetwork": network}
    if "/networks/" in network:
        return _network_fields(clients, region, network, network)
    name = network.removeprefix(f"{region}/")
    path = f"regions/{region}/subnetworks/{name}"
    try:
        subnet = clients.get(path, f"look for subnet {network!r}", kind="subnetwork")
    except NotFound:
        if name != network:
            raise
        return _network_fields(clients, region, f"global/networks/{name}", network)
    return {"subnetwork": fields.required_text(subnet, "selfLink")}


def _network_fields(clients: GcpClients, region: str, path: str, requested: str) -> dict[str, str]:
    """Return the subnet of the network at a path, or the network itself if it is a legacy one."""
    try:
        network = clients.get(link_path(path), f"look for network {requested!r}", kind="network")
    except NotFound as error:
        raise NotFound(
            f"There is no network and no subnet {requested!r} in {region}.", provider="gcp"
        ) from error
    link = fields.required_text(network, "selfLink")
    if fields.text(network, "IPv4Range"):  # a legacy network has no subnets
        return {"network": link}
    subnets = [
        fields.required_text(subnet, "selfLink")
        for subnet in _instance_subnets(clients, self_link(network).project, region)
        if fields.text(subnet, "network") == link
    ]
    if len(subnets) == 1:
        return {"subnetwork": subnets[0]}
    if not subnets:
        raise NotFound(f"Network {requested!r} has no subnet in {region}.", provider="gcp")
    ids = sorted(to_id(subnet, clients.project) for subnet in subnets)
    raise InvalidRequest(
        f"Network {requested!r} has {len(subnets)} subnets in {region}: {', '.join(ids)}.",
        hint="Give one of these subnets.",
        provider="gcp",
    )


def _instance_subnets(clients: GcpClients, project: str, region: str) -> Iterator[JsonObject]:
    """Yield the subnets of a region whose purpose permits instances.

    The subnets of a shared VPC network belong to the network's own project.
    """
    doing = f"look for the subnets of {region}"
    path = f"projects/{project}/regions/{region}/subnetworks"
    for subnet in list_all(clients, path, doing):
        if fields.text(subnet, "purpose") in _INSTANCE_PURPOSES:
            yield subnet
