"""Finding the zone, the image and the network of a machine by what someone gave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from providers.gcp import fields
from providers.gcp.image_families import FAMILIES, publisher_of
from providers.gcp.links import own_link, to_id
from providers.gcp.networks import DEFAULT
from providers.gcp.paging import things
from providers.gcp.regions import get_zones
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.catalog import Architecture

if TYPE_CHECKING:
    from providers.gcp.client import Answer, GcpClients


# https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks, `purpose`: PRIVATE by
# default; PRIVATE_RFC_1918 is its older word.
_FOR_MACHINES: Final = frozenset({None, "PRIVATE", "PRIVATE_RFC_1918"})


def find_zone(clients: GcpClients, region: str, zone: str | None, kind: str, token: str) -> str:
    """Return the zone for a machine: the one asked for, else one that offers its type.

    Where several do, the token chooses: a repeated request comes to the same zone, and many
    machines spread. Raises InvalidRequest for a zone of another region, NotFound when no zone
    of the region offers the type.
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
    for candidate in turned(zones, token):
        try:
            path = f"zones/{candidate}/machineTypes/{kind}"
            clients.read(path, f"look for {kind} in {candidate}", kind="machineType")
        except NotFound:
            continue
        return candidate
    raise NotFound(f"No zone of {region} offers machine type {kind!r}.", provider="gcp")


def turned(candidates: Sequence[str], token: str) -> list[str]:
    """Return the candidates in an order that is always the same for a token."""
    ordered = sorted(candidates)
    if not ordered:
        return []
    first = int.from_bytes(sha256(token.encode()).digest()[:8]) % len(ordered)
    return ordered[first:] + ordered[:first]


def find_image(clients: GcpClients, image: str) -> str:
    """Return the link of an image given by id, link, name or family.

    A name is looked for among the images and the families of the project, then among those of
    the publisher whose name it begins with, so `ubuntu-24.04` and `debian-12` are found as
    well. What has a slash is a link, or a project and a name: `debian-cloud/debian-12`. Raises
    NotFound when there is no such image.
    """
    for path in _image_paths(image):
        try:
            found = clients.read(path, f"look for image {image!r}", kind="image")
        except NotFound:
            continue
        return fields.required_text(found, "selfLink")
    raise NotFound(
        f"The project has no image and no image family {image!r}, nor has a publisher of images.",
        hint="An image of another project is given as PROJECT/NAME.",
        provider="gcp",
    )


def _image_paths(image: str) -> Iterator[str]:
    if "projects/" in image:
        yield image[image.index("projects/") :]
        return
    project, _, name = image.rpartition("/")
    if project:
        yield f"projects/{project}/global/images/{name}"
        yield f"projects/{project}/global/images/family/{name}"
        return
    yield f"global/images/{name}"
    yield f"global/images/family/{name}"
    if (family := FAMILIES.get(name)) is not None:
        word = family.name(Architecture.X86_64)
        yield f"projects/{family.project}/global/images/family/{word}"
    elif (publisher := publisher_of(name)) is not None:
        yield f"projects/{publisher}/global/images/{name}"
        yield f"projects/{publisher}/global/images/family/{name}"


def find_network(clients: GcpClients, region: str, network: str | None) -> dict[str, str]:
    """Return the network and the subnet of a machine's interface, given by id, link or name.

    A name is a subnet's in the region, else a network's; of a network with one subnet in the
    region that one is taken. Empty: the network `default`. Raises NotFound when there is no such
    network or subnet, InvalidRequest when a network leaves a choice.
    """
    if network is None:
        return _subnet_of(clients, region, f"global/networks/{DEFAULT}", DEFAULT)
    if "/subnetworks/" in network:
        return {"subnetwork": network}
    if "/networks/" in network:
        return _subnet_of(clients, region, network, network)
    name = network.removeprefix(f"{region}/")
    try:
        path = f"regions/{region}/subnetworks/{name}"
        found = clients.read(path, f"look for subnet {network!r}", kind="subnetwork")
    except NotFound:
        if name != network:
            raise
        return _subnet_of(clients, region, f"global/networks/{name}", network)
    return {"subnetwork": fields.required_text(found, "selfLink")}


def _subnet_of(clients: GcpClients, region: str, path: str, asked: str) -> dict[str, str]:
    """Return the network at a path, and its subnet in a region."""
    whole = path[path.index("projects/") :] if "projects/" in path else path
    try:
        found = clients.read(whole, f"look for network {asked!r}", kind="network")
    except NotFound as error:
        raise NotFound(
            f"There is no network and no subnet {asked!r} in {region}.", provider="gcp"
        ) from error
    link = fields.required_text(found, "selfLink")
    if fields.text(found, "IPv4Range"):  # a network of the old kind has no subnets
        return {"network": link}
    subnets = [
        fields.required_text(one, "selfLink")
        for one in _subnets(clients, own_link(found).project, region)
        if fields.text(one, "network") == link
    ]
    if len(subnets) == 1:
        return {"subnetwork": subnets[0]}
    if not subnets:
        raise NotFound(f"Network {asked!r} has no subnet in {region}.", provider="gcp")
    ids = sorted(to_id(one, clients.project) for one in subnets)
    raise InvalidRequest(
        f"Network {asked!r} has {len(subnets)} subnets in {region}: {', '.join(ids)}.",
        hint="Give the one that is meant.",
        provider="gcp",
    )


def _subnets(clients: GcpClients, project: str, region: str) -> Iterator[Answer]:
    """Yield a project's subnets of a region that machines can be in.

    Those of a shared network are its own project's.
    """
    doing = f"look for the subnets of {region}"
    path = f"projects/{project}/regions/{region}/subnetworks"
    for subnet in things(clients, path, doing):
        if fields.text(subnet, "purpose") in _FOR_MACHINES:
            yield subnet
