"""Whether a place has what a machine needs, looked up as a create does and a little further.

A create leaves ids to Azure, which refuses those that name nothing; here they are read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from providers.azure import api_versions, catalog
from providers.azure.creation import look_for_name, name_is_taken, refuse_impossible
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, objects, text
from providers.azure.ids import normal
from providers.azure.lookups import look_up
from providers.azure.networks import to_subnets
from providers.azure.resources import id_of, to_region
from skyclust.errors import NotFound
from skyclust.model.instance import InstanceSpec

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


def check_placement(clients: AzureClients, spec: InstanceSpec) -> None:
    """Raise what a create would be refused for: InvalidRequest or NotFound; makes nothing.

    Name, image, network and keys are looked for. What only Azure knows, as its room and its
    quotas, it tells when it is asked for the machine; sizes stand in the catalog.
    """
    refuse_impossible(spec)
    there = look_for_name(clients, spec, f"place instance {spec.name} in {spec.region}")
    if isinstance(there, dict):
        raise name_is_taken(clients, spec, there)
    place = look_up(clients, spec, token="")
    if spec.network is not None and "/subnets/" in spec.network.lower():
        _check_subnet(clients, spec, place.subnet)
    _check_image(clients, spec, place.image)


def _check_subnet(clients: AzureClients, spec: InstanceSpec, subnet: str) -> None:
    """Raise NotFound unless the region has the network of a subnet, and the network has it."""
    network = _present(
        lambda: clients.get(subnet[: subnet.lower().index("/subnets/")], api_versions.NETWORK),
        f"There is no subnet {spec.network} in {spec.region}.",
    )
    here = to_region(text(network, "location") or "") == spec.region
    if not here or all(id_of(one) != normal(subnet) for one in to_subnets(network)):
        raise NotFound(f"There is no subnet {spec.network} in {spec.region}.", provider="azure")


def _check_image(clients: AzureClients, spec: InstanceSpec, image: Document) -> None:
    """Raise NotFound unless Azure knows the image, and has it in the region.

    Galleries of others are not read: whoever may use one may not list it.
    """
    missing = f"There is no image {spec.image} in {spec.region}."
    if "publisher" in image:
        known = catalog.versions_of(
            clients, spec.region, f"{image['publisher']}:{image['offer']}:{image['sku']}"
        )
        if not known or image["version"] not in {"latest", *known}:
            raise NotFound(missing, provider="azure")
    elif "id" in image:
        path = str(image["id"])
        found = _present(lambda: clients.get(path, api_versions.version_of(path)), missing)
        profile = inner(inner(found, "properties"), "publishingProfile")
        copies = [text(one, "name") or "" for one in objects(profile, "targetRegions")]
        if spec.region not in map(to_region, [text(found, "location") or "", *copies]):
            raise NotFound(missing, provider="azure")


def _present(read: Callable[[], Document], missing: str) -> Document:
    try:
        with azure_errors("look for what a machine needs"):
            return read()
    except NotFound as error:
        raise NotFound(missing, provider="azure", code=error.code) from error
