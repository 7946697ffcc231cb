"""Finding image, subnet and SSH keys of a machine by what someone gave: an id or a name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from providers.azure import api_versions
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, objects, required, text
from providers.azure.ids import normal
from providers.azure.resources import id_of, name_of, to_region
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceSpec

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

# Subnets of these names belong to services of Azure, and take no machines.
_KEPT_SUBNETS: Final = frozenset(
    {
        "azurebastionsubnet",
        "azurefirewallmanagementsubnet",
        "azurefirewallsubnet",
        "gatewaysubnet",
        "routeserversubnet",
    }
)
# The id that Azure gives a version of a publisher's image, which it takes in parts only.
_PUBLISHED: Final = re.compile(
    r"/subscriptions/[^/]+/providers/microsoft\.compute/locations/[^/]+"
    r"/publishers/(?P<publisher>[^/]+)/artifacttypes/vmimage/offers/(?P<offer>[^/]+)"
    r"/skus/(?P<sku>[^/]+)/versions/(?P<version>[^/]+)",
    re.IGNORECASE,
)
_KEY_KINDS: Final = ("ssh-", "ecdsa-", "sk-")


@dataclass(frozen=True)
class Place:
    """What a machine is made of and where, in Azure's words."""

    image: Document
    subnet: str
    keys: list[str]


def look_up(clients: AzureClients, spec: InstanceSpec, token: str) -> Place:
    """Return image, subnet and keys that a spec names; raises NotFound or InvalidRequest."""
    return Place(
        image=find_image(clients, spec.region, spec.image),
        subnet=find_subnet(clients, spec.region, spec.network, token),
        keys=find_keys(clients, spec.ssh_keys),
    )


def find_image(clients: AzureClients, region: str, image: str) -> Document:
    """Return the `imageReference` of an image given by id, by URN or by name.

    An id (of a managed image or of a gallery's) and a URN (`publisher:offer:sku:version`) are
    taken as they are: Azure checks them. A name is that of a managed image of the subscription
    in the region. Raises InvalidRequest when several have it, NotFound when none has.
    """
    if image.lower().startswith("/communitygalleries/"):
        return {"communityGalleryImageId": image}
    if image.lower().startswith("/sharedgalleries/"):
        return {"sharedGalleryImageId": image}
    if published := _PUBLISHED.fullmatch(image):
        return published.groupdict()
    if image.startswith("/"):
        return {"id": image}
    parts = image.split(":")
    if len(parts) == 4 and all(parts):
        return dict(zip(("publisher", "offer", "sku", "version"), parts, strict=True))
    path = f"{clients.subscription}/providers/Microsoft.Compute/images"
    with azure_errors(f"look for image {image!r} in {region}"):
        images = _named(clients.every(path, api_versions.COMPUTE), region, image)
    if not images:
        raise NotFound(
            f"The subscription has no image {image!r} in {region}.",
            hint="An image of a publisher is given by its URN (publisher:offer:sku:version), one"
            " of a gallery by its id.",
            provider="azure",
        )
    return {"id": required(_only(images, "image", image, region), "id")}


def find_subnet(clients: AzureClients, region: str, network: str | None, token: str) -> str:
    """Return the id of the subnet for a machine.

    Given by the id or name of a subnet or of a virtual network; where a network leaves a
    choice the token picks: a repeated request comes to the same subnet. Without any, the
    region's only virtual network is taken. Raises NotFound when there is no such subnet or
    network, InvalidRequest when the choice is not clear.
    """
    if network is not None and "/subnets/" in network.lower():
        return network
    with azure_errors(f"look for network {network or ''!r} in {region}"):
        listed = clients.every(
            f"{clients.subscription}/providers/Microsoft.Network/virtualNetworks",
            api_versions.NETWORK,
        )
    networks = [one for one in listed if _is_in(one, region)]
    if network is None:
        return _pick(_the_only(networks, region), region, token)
    if network.startswith("/"):
        meant = [one for one in networks if id_of(one) == normal(network)]
    else:
        subnets = [
            subnet for one in networks for subnet in _subnets(one)
            if normal(name_of(subnet)) == normal(network)
        ]  # fmt: skip
        if subnets:
            return required(_only(subnets, "subnet", network, region), "id")
        meant = _named(networks, region, network)
    if not meant:
        raise NotFound(f"There is no network {network!r} in {region}.", provider="azure")
    return _pick(_only(meant, "network", network, region), region, token)


def find_keys(clients: AzureClients, keys: Sequence[str]) -> list[str]:
    """Return public SSH keys given as text, or by the id or name of an SSH key resource.

    Raises NotFound for a name that no key has, InvalidRequest for one that several have.
    """
    found: list[str] = []
    for key in keys:
        if key.startswith(_KEY_KINDS):
            found.append(key)
            continue
        path = f"{clients.subscription}/providers/Microsoft.Compute/sshPublicKeys"
        with azure_errors(f"look for SSH key {key!r}"):
            listed = clients.every(path, api_versions.COMPUTE)
        wanted = normal(key)
        meant = [one for one in listed if wanted in {id_of(one), normal(name_of(one))}]
        if not meant:
            raise NotFound(
                f"The subscription has no SSH key {key!r}.",
                hint="Give the public key itself: ssh-ed25519 AAAA...",
                provider="azure",
            )
        one = _only(meant, "SSH key", key, "the subscription")
        found.append(required(inner(one, "properties"), "publicKey").strip())
    return found


def key_of_nobody() -> str:
    """Return a public SSH key whose private part is not kept: nobody can log in with it.

    Of RSA and 2048 bits, the kind that Azure takes everywhere. Source: `keyData` of
    https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/create-or-update
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _subnets(network: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return objects(inner(network, "properties"), "subnets")


def _is_in(thing: Document, region: str) -> bool:
    location = text(thing, "location")
    return location is not None and to_region(location) == region


def _pick(network: Mapping[str, Any], region: str, token: str) -> str:
    """Return a subnet that takes machines: for one token always the same, for many spread."""
    free = sorted(
        required(subnet, "id")
        for subnet in _subnets(network)
        if normal(name_of(subnet)) not in _KEPT_SUBNETS
        and not objects(inner(subnet, "properties"), "delegations")
    )
    if not free:
        raise InvalidRequest(
            f"Network {name_of(network)!r} in {region} has no subnet for machines.",
            provider="azure",
        )
    number = int.from_bytes(sha256(token.encode()).digest()[:8])
    return free[number % len(free)]


def _the_only(networks: Sequence[Document], region: str) -> Document:
    if len(networks) == 1:
        return networks[0]
    names = ", ".join(sorted(map(name_of, networks))) or "none"
    raise InvalidRequest(
        f"Azure has no default network, and {len(networks)} networks are in {region}.",
        hint=f"Name the one that is meant, or a subnet: {names}.",
        provider="azure",
    )


def _named(things: Sequence[Document], region: str, name: str) -> list[Document]:
    return [
        one for one in things
        if _is_in(one, region) and normal(name_of(one)) == normal(name)
    ]  # fmt: skip


def _only(
    things: Sequence[Mapping[str, Any]], what: str, name: str, place: str
) -> Mapping[str, Any]:
    if len(things) > 1:
        ids = ", ".join(sorted(map(id_of, things)))
        raise InvalidRequest(
            f"{len(things)} {what}s in {place} are called {name!r}: {ids}.",
            hint="Give the id of the one that is meant.",
            provider="azure",
        )
    return things[0]
