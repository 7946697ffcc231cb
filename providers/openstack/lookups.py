"""Resolving the image and the network of a spec, each given by id or by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from providers.openstack.fields import Json, inner, required_id, text
from providers.openstack.paging import get_all
from skyclust.errors import InvalidRequest, NotFound, Unsupported

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

# The device_owner of a router's port: of a legacy, a distributed and a highly available router.
_ROUTER_PORTS: Final = (
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
)


def find_image(clients: OpenStackClients, region: str, image: str) -> Json:
    """Return an image that the project may use, by its id or its name.

    The project's own images take precedence over shared ones, and those over public ones. Raises
    NotFound when there is none, InvalidRequest when several of the same rank have the name.
    """
    doing = f"look for image {image!r} in {region}"
    if is_uuid(image):
        by_id = clients.read(region, "image", f"/images/{image}", None, doing=doing)
        required_id(by_id)
        return by_id
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
            return _require_single(active, "image", image, region)
    raise NotFound(
        f"There is no image {image!r} in {region} that the project may use.",
        provider="openstack",
    )


def find_network(clients: OpenStackClients, region: str, network: str | None) -> str | None:
    """Return the id of the network for a server, from a network or a subnet by id or by name.

    Without either it is the project's only network, or else the only network that is shared with
    it; None in a cloud without Neutron. Raises NotFound when no such network or subnet exists,
    InvalidRequest when there are several.
    """
    if not clients.has(region, "network"):
        if network is None:
            return None
        raise Unsupported(
            f"Region {region} of this cloud has no Neutron: an instance cannot choose its network.",
            provider="openstack",
        )
    if network is None:
        return _only_network(clients, region)
    networks = _by_id_or_name(clients, region, "networks", network)
    if networks:
        return str(_require_single(networks, "network", network, region)["id"])
    subnets = _by_id_or_name(clients, region, "subnets", network)
    if not subnets:
        raise NotFound(
            f"There is no network and no subnet {network!r} in {region} that the project may use.",
            provider="openstack",
        )
    return _network_of_subnet(clients, region, _require_single(subnets, "subnet", network, region))


def _network_of_subnet(clients: OpenStackClients, region: str, subnet: Json) -> str:
    """Return the id of a subnet's network: Nova accepts networks, and Neutron picks the subnet.

    Raises InvalidRequest when Neutron might pick another subnet of the network.
    """
    subnets = get_all(
        clients,
        region,
        "network",
        "/subnets",
        "subnets",
        doing=f"look for the subnets of network {subnet['network_id']} in {region}",
        params={"network_id": subnet["network_id"]},
    )
    same_version = [one for one in subnets if one["ip_version"] == subnet["ip_version"]]
    if len(same_version) > 1:
        raise InvalidRequest(
            f"Subnet {subnet['id']} shares its network with {len(same_version) - 1} others, and"
            " Nova leaves the choice among them to Neutron.",
            hint="Give the network, with a private address out of the subnet.",
            provider="openstack",
        )
    return str(subnet["network_id"])


def _only_network(clients: OpenStackClients, region: str) -> str:
    networks = get_all(
        clients,
        region,
        "network",
        "/networks",
        "networks",
        doing=f"look for the network of the project in {region}",
        params={"router:external": "false"},
    )
    project = clients.project_id()
    own = [one for one in networks if one.get("project_id") == project]
    shared = [one for one in networks if one.get("shared") and one.get("project_id") != project]
    candidates = own or shared
    if len(candidates) == 1:
        return str(candidates[0]["id"])
    names = ", ".join(sorted(text(one, "name") or one["id"] for one in candidates)) or "none"
    raise InvalidRequest(
        f"The project has {len(candidates)} networks in {region}, and the spec names none.",
        hint=f"Name one of its networks: {names}.",
        provider="openstack",
    )


def find_external_network(clients: OpenStackClients, region: str, network: str) -> str:
    """Return the id of the external network that provides floating IPs for a network.

    With several external networks it is the gateway network of the network's router. Raises
    InvalidRequest when the network has no router to an external network.
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
        params={"network_id": network, "device_owner": list(_ROUTER_PORTS)},
    )
    routers = {
        text(port, "device_id") for port in ports if port.get("device_owner") in _ROUTER_PORTS
    }
    for router_id in sorted(one for one in routers if one):
        router = clients.read(region, "network", f"/routers/{router_id}", "router", doing=doing)
        gateway = text(inner(router, "external_gateway_info"), "network_id")
        if gateway is not None:
            return gateway
    raise InvalidRequest(
        f"Network {network} in {region} has no router to an external network: an instance in it"
        " cannot have a floating IP.",
        provider="openstack",
    )


def _by_id_or_name(
    clients: OpenStackClients, region: str, collection: str, wanted: str
) -> list[Json]:
    """Return the networks or subnets with an id, or else those with a name."""
    doing = f"look for network {wanted!r} in {region}"
    for key in ("id", "name") if is_uuid(wanted) else ("name",):
        listed = get_all(
            clients,
            region,
            "network",
            f"/{collection}",
            collection,
            doing=doing,
            params={key: wanted},
        )
        matching = [one for one in listed if one.get(key) == wanted]
        if matching:
            return matching
    return []


def is_uuid(text: str) -> bool:
    """Return whether a text has the form of an OpenStack id."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _require_single(items: Sequence[Json], noun: str, name: str, region: str) -> Json:
    if len(items) > 1:
        ids = ", ".join(sorted(str(item["id"]) for item in items))
        raise InvalidRequest(
            f"{len(items)} {noun}s in {region} are called {name!r}: {ids}.",
            hint=f"Give the id of the {noun}.",
            provider="openstack",
        )
    return items[0]
