"""Finding the image, subnet and SSH keys of a VM by the id or name in its spec."""

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

# Subnets of these names are reserved for Azure services and accept no VMs.
_RESERVED_SUBNETS: Final = frozenset(
    {
        "azurebastionsubnet",
        "azurefirewallmanagementsubnet",
        "azurefirewallsubnet",
        "gatewaysubnet",
        "routeserversubnet",
    }
)
# The id of a version of a marketplace image, which a VM refers to by its parts only.
_MARKETPLACE_IMAGE: Final = re.compile(
    r"/subscriptions/[^/]+/providers/microsoft\.compute/locations/[^/]+"
    r"/publishers/(?P<publisher>[^/]+)/artifacttypes/vmimage/offers/(?P<offer>[^/]+)"
    r"/skus/(?P<sku>[^/]+)/versions/(?P<version>[^/]+)",
    re.IGNORECASE,
)
_KEY_TYPES: Final = ("ssh-", "ecdsa-", "sk-")


@dataclass(frozen=True)
class Lookups:
    """The image, subnet and keys of a spec, as a request for a VM contains them."""

    image: Document
    subnet: str
    keys: list[str]


def look_up(clients: AzureClients, spec: InstanceSpec, token: str) -> Lookups:
    """Return the image, subnet and keys that a spec names; raises NotFound or InvalidRequest."""
    return Lookups(
        image=find_image(clients, spec.region, spec.image),
        subnet=find_subnet(clients, spec.region, spec.network, token),
        keys=find_keys(clients, spec.ssh_keys),
    )


def find_image(clients: AzureClients, region: str, image: str) -> Document:
    """Return the `imageReference` of an image given by id, URN or name.

    An id (of a managed image or a gallery image) and a URN (`publisher:offer:sku:version`) are
    passed on and checked by Azure. A name is the name of a managed image of the subscription in
    the region: raises NotFound if no image has it, InvalidRequest if several have it.
    """
    if image.lower().startswith("/communitygalleries/"):
        return {"communityGalleryImageId": image}
    if image.lower().startswith("/sharedgalleries/"):
        return {"sharedGalleryImageId": image}
    if marketplace := _MARKETPLACE_IMAGE.fullmatch(image):
        return marketplace.groupdict()
    if image.startswith("/"):
        return {"id": image}
    urn = image.split(":")
    if len(urn) == 4 and all(urn):
        return dict(zip(("publisher", "offer", "sku", "version"), urn, strict=True))
    path = f"{clients.subscription}/providers/Microsoft.Compute/images"
    with azure_errors(f"look for image {image!r} in {region}"):
        images = _by_name(clients.list_all(path, api_versions.COMPUTE), region, image)
    if not images:
        raise NotFound(
            f"The subscription has no image {image!r} in {region}.",
            hint="An image of a publisher is given by its URN"
            " (publisher:offer:sku:version), an image of a gallery by its id.",
            provider="azure",
        )
    return {"id": required(_require_unique(images, "image", image, region), "id")}


def find_subnet(clients: AzureClients, region: str, network: str | None, token: str) -> str:
    """Return the id of the subnet for a VM.

    `network` is the id or name of a subnet or of a virtual network. If it leaves a choice of
    subnets, the token decides, so a repeated request selects the same subnet. Without `network`,
    the only virtual network of the region is used. Raises NotFound if there is no such subnet or
    network, InvalidRequest if the name is ambiguous.
    """
    if network is not None and "/subnets/" in network.lower():
        return network
    with azure_errors(f"look for network {network or ''!r} in {region}"):
        listed = clients.list_all(
            f"{clients.subscription}/providers/Microsoft.Network/virtualNetworks",
            api_versions.NETWORK,
        )
    networks = [each for each in listed if _is_in(each, region)]
    if network is None:
        return _select_subnet(_default_network(networks, region), region, token)
    if network.startswith("/"):
        matching = [each for each in networks if id_of(each) == normal(network)]
    else:
        subnets = [
            subnet for each in networks for subnet in _subnets(each)
            if normal(name_of(subnet)) == normal(network)
        ]  # fmt: skip
        if subnets:
            return required(_require_unique(subnets, "subnet", network, region), "id")
        matching = _by_name(networks, region, network)
    if not matching:
        raise NotFound(f"There is no network {network!r} in {region}.", provider="azure")
    return _select_subnet(_require_unique(matching, "network", network, region), region, token)


def find_keys(clients: AzureClients, keys: Sequence[str]) -> list[str]:
    """Return public SSH keys, given as text or by the id or name of an SSH key resource.

    Raises NotFound for a name that no key has, InvalidRequest for a name that several have.
    """
    public_keys: list[str] = []
    for key in keys:
        if key.startswith(_KEY_TYPES):
            public_keys.append(key)
            continue
        path = f"{clients.subscription}/providers/Microsoft.Compute/sshPublicKeys"
        with azure_errors(f"look for SSH key {key!r}"):
            listed = clients.list_all(path, api_versions.COMPUTE)
        matching = [
            each for each in listed if normal(key) in {id_of(each), normal(name_of(each))}
        ]  # fmt: skip
        if not matching:
            raise NotFound(
                f"The subscription has no SSH key {key!r}.",
                hint="Give the public key itself: ssh-ed25519 AAAA...",
                provider="azure",
            )
        resource = _require_unique(matching, "SSH key", key, "the subscription")
        public_keys.append(required(inner(resource, "properties"), "publicKey").strip())
    return public_keys


def throwaway_key() -> str:
    """Return a public SSH key whose private key is discarded: nobody can log in with it.

    RSA with 2048 bits, which Azure accepts everywhere. Source: `keyData` of
    https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/create-or-update
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _subnets(network: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return objects(inner(network, "properties"), "subnets")


def _is_in(resource: Document, region: str) -> bool:
    location = text(resource, "location")
    return location is not None and to_region(location) == region


def _select_subnet(network: Mapping[str, Any], region: str, token: str) -> str:
    """Return a subnet that accepts VMs: always the same for a token, spread over many tokens."""
    usable = sorted(
        required(subnet, "id")
        for subnet in _subnets(network)
        if normal(name_of(subnet)) not in _RESERVED_SUBNETS
        and not objects(inner(subnet, "properties"), "delegations")
    )
    if not usable:
        raise InvalidRequest(
            f"Network {name_of(network)!r} in {region} has no subnet that accepts VMs.",
            provider="azure",
        )
    number = int.from_bytes(sha256(token.encode()).digest()[:8])
    return usable[number % len(usable)]


def _default_network(networks: Sequence[Document], region: str) -> Document:
    """Return the only network of the region; raises InvalidRequest if there is not exactly one."""
    if len(networks) == 1:
        return networks[0]
    names = ", ".join(sorted(map(name_of, networks))) or "none"
    raise InvalidRequest(
        f"Azure has no default network, and {len(networks)} networks are in {region}.",
        hint=f"Specify one of these networks, or a subnet: {names}.",
        provider="azure",
    )


def _by_name(resources: Sequence[Document], region: str, name: str) -> list[Document]:
    return [
        each for each in resources
        if _is_in(each, region) and normal(name_of(each)) == normal(name)
    ]  # fmt: skip


def _require_unique(
    resources: Sequence[Mapping[str, Any]], noun: str, name: str, where: str
) -> Mapping[str, Any]:
    """Return the only resource; raises InvalidRequest if several have the name."""
    if len(resources) > 1:
        ids = ", ".join(sorted(map(id_of, resources)))
        raise InvalidRequest(
            f"{len(resources)} {noun}s in {where} are called {name!r}: {ids}.",
            hint="Specify it by its id.",
            provider="azure",
        )
    return resources[0]
