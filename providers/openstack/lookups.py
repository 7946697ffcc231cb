"""Finding the image and the network of a machine by the id or the name that someone gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from providers.openstack.fields import Json, nested, required_id, text
from providers.openstack.paging import get_all
from skyclust.errors import InvalidRequest, NotFound, Unsupported

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients


# Who owns the port of a router: a plain one, a distributed one, one of several.
_ROUTERS: Final = (
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
)


@dataclass(frozen=True)
class Place:
    """The network of a new machine, by its id."""

    network: str
    name: str


def find_image(clients: OpenStackClients, region: str, image: str) -> Json:
    """Return an image that the project may use, by its id or its name.

    Own images come before shared ones, and those before public ones. Raises NotFound when there
    is none, InvalidRequest when several of the same rank have the name.
    """
    doing = f"look for image {image!r} in {region}"
    if is_uuid(image):
        found = clients.read(region, "image", f"/images/{image}", None, doing=doing)
        required_id(found)
        return found
    listed = get_all(
        clients, region, "image", "/images", "images", doing=doing, params={"name": image}
    )
    named = [one for one in listed if one.get("name") == image]
    own = clients.project_id()
    ranks = (
        [one for one in named if one.get("owner") == own],
        [one for one in named if one.get("visibility") == "shared"],
        [one for one in named if one.get("visibility") == "public"],
    )
    for rank in ranks:
        active = [one for one in rank if one.get("status") == "active"]
        if active:
            return _only(active, "image", image, region)
    raise NotFound(
        f"There is no image {image!r} in {region} that the project may use.",
        provider="openstack",
    )


def find_place(clients: OpenStackClients, region: str, network: str | None) -> Place | None:
    """Return the network for a machine, from a network or a subnet given by id or by name.

    Without one the project's only network is taken, or else the only one that is shared with it;
    None in a cloud without Neutron. Raises NotFound when there is no such network or subnet,
    InvalidRequest where there is a choice.
    """
    if not clients.has(region, "network"):
        if network is None:
            return None
        raise Unsupported(
            f"Region {region} of this cloud has no Neutron: a machine cannot choose its network.",
            provider="openstack",
        )
    if network is None:
        return _only_network(clients, region)
    networks = _listed(clients, region, "networks", network)
    if networks:
        one = _only(networks, "network", network, region)
        return Place(one["id"], text(one, "name") or one["id"])
    subnets = _listed(clients, region, "subnets", network)
    if not subnets:
        raise NotFound(
            f"There is no network and no subnet {network!r} in {region} that the project may use.",
            provider="openstack",
        )
    return _place_of_subnet(clients, region, _only(subnets, "subnet", network, region))


def _place_of_subnet(clients: OpenStackClients, region: str, subnet: Json) -> Place:
    """Return the network of a subnet; Nova takes networks, and Neutron chooses the subnet."""
    beside = get_all(
        clients,
        region,
        "network",
        "/subnets",
        "subnets",
        doing=f"look for the subnets of network {subnet['network_id']} in {region}",
        params={"network_id": subnet["network_id"]},
    )
    rivals = [one for one in beside if one["ip_version"] == subnet["ip_version"]]
    if len(rivals) > 1:
        raise InvalidRequest(
            f"Subnet {subnet['id']} shares its network with {len(rivals) - 1} others, and Nova"
            " leaves the choice among them to Neutron.",
            hint="Give the network, with a private address out of the subnet.",
            provider="openstack",
        )
    return Place(subnet["network_id"], subnet["network_id"])


def _only_network(clients: OpenStackClients, region: str) -> Place:
    every = get_all(
        clients,
        region,
        "network",
        "/networks",
        "networks",
        doing=f"look for the network of the project in {region}",
        params={"router:external": "false"},
    )
    project = clients.project_id()
    own = [one for one in every if one.get("project_id") == project]
    shared = [one for one in every if one.get("shared") and one.get("project_id") != project]
    candidates = own or shared
    if len(candidates) == 1:
        return Place(candidates[0]["id"], text(candidates[0], "name") or candidates[0]["id"])
    names = ", ".join(sorted(text(one, "name") or one["id"] for one in candidates)) or "none"
    raise InvalidRequest(
        f"The project has {len(candidates)} networks in {region}, and no network was asked for.",
        hint=f"Name one of its networks: {names}.",
        provider="openstack",
    )


def find_external_network(clients: OpenStackClients, region: str, network: str) -> str:
    """Return the id of the network that floating addresses for a network come from.

    With several external networks it is that of the router that the network hangs on. Raises
    InvalidRequest when the network has no way out.
    """
    doing = f"look for external networks in {region}"
    external = get_all(
        clients,
        region,
        "network",
        "/networks",
        "networks",
        doing=doing,
        params={"router:external": "true"},
    )
    if len(external) == 1:
        return str(external[0]["id"])
    ports = get_all(
        clients,
        region,
        "network",
        "/ports",
        "ports",
        doing=doing,
        params={"network_id": network, "device_owner": list(_ROUTERS)},
    )
    routers = {text(port, "device_id") for port in ports if port.get("device_owner") in _ROUTERS}
    for router_id in sorted(one for one in routers if one):
        router = clients.read(region, "network", f"/routers/{router_id}", "router", doing=doing)
        gateway = text(nested(router, "external_gateway_info"), "network_id")
        if gateway is not None:
            return gateway
    raise InvalidRequest(
        f"Network {network} in {region} has no router to an external network: a machine in it"
        " cannot have a floating address.",
        provider="openstack",
    )


def _listed(clients: OpenStackClients, region: str, what: str, wanted: str) -> list[Json]:
    """Return the networks or subnets of an id, or else of a name."""
    doing = f"look for network {wanted!r} in {region}"
    for criterion in ("id", "name") if is_uuid(wanted) else ("name",):
        listed = get_all(
            clients, region, "network", f"/{what}", what, doing=doing, params={criterion: wanted}
        )
        found = [one for one in listed if one.get(criterion) == wanted]
        if found:
            return found
    return []


def is_uuid(text: str) -> bool:
    """Return whether a text is written as an id of OpenStack is."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _only(found: Sequence[Json], what: str, name: str, region: str) -> Json:
    if len(found) > 1:
        ids = ", ".join(sorted(str(one["id"]) for one in found))
        raise InvalidRequest(
            f"{len(found)} {what}s in {region} are called {name!r}: {ids}.",
            hint="Give the id of the one that is meant.",
            provider="openstack",
        )
    return found[0]
