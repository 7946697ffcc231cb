"""Checking, without creating anything, whether a region has what a VM needs.

The same lookups as a create makes, and more: a create passes ids on to Azure, which refuses ids
of resources that do not exist, while here those resources are read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from providers.azure import api_versions
from providers.azure.catalog import image_versions
from providers.azure.create_request import check_spec
from providers.azure.creation import find_vm_by_name, name_in_use_error
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, objects, text
from providers.azure.ids import normal
from providers.azure.lookups import look_up
from providers.azure.networks import to_subnets
from providers.azure.resources import id_of, to_region
from skyclust.contract import PlacementProvider
from skyclust.errors import NotFound
from skyclust.model.instance import InstanceSpec

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


class AzurePlacement(PlacementProvider):
    """Checks whether a VM could be created."""

    _clients: AzureClients

    def check_placement(self, spec: InstanceSpec) -> None:
        """Raise InvalidRequest or NotFound for what a create would be refused for.

        Checks name, image, network and keys. Capacity and quotas are known to Azure alone, which
        reports them only in response to a create; sizes are listed by the catalog.
        """
        check_spec(spec)
        doing = f"place instance {spec.name} in {spec.region}"
        existing = find_vm_by_name(self._clients, spec, doing)
        if isinstance(existing, dict):
            raise name_in_use_error(self._clients, spec, existing)
        lookups = look_up(self._clients, spec, token="")
        if spec.network is not None and "/subnets/" in spec.network.lower():
            self._check_subnet(spec, lookups.subnet)
        self._check_image(spec, lookups.image)

    def _check_subnet(self, spec: InstanceSpec, subnet: str) -> None:
        """Raise NotFound unless the network of the subnet is in the region and contains it."""
        missing = f"There is no subnet {spec.network} in {spec.region}."
        path = subnet[: subnet.lower().index("/subnets/")]
        network = _read(lambda: self._clients.get(path, api_versions.NETWORK), missing)
        in_region = to_region(text(network, "location") or "") == spec.region
        if not in_region or all(id_of(each) != normal(subnet) for each in to_subnets(network)):
            raise NotFound(missing, provider="azure")

    def _check_image(self, spec: InstanceSpec, image: Document) -> None:
        """Raise NotFound unless Azure has the image in the region.

        Images in the galleries of others are not read: an identity that may use such a gallery
        is not necessarily allowed to list it.
        """
        missing = f"There is no image {spec.image} in {spec.region}."
        if "publisher" in image:
            urn = f"{image['publisher']}:{image['offer']}:{image['sku']}"
            versions = image_versions(self._clients, spec.region, urn)
            if not versions or image["version"] not in {"latest", *versions}:
                raise NotFound(missing, provider="azure")
        elif "id" in image:
            path = str(image["id"])
            version = api_versions.version_of(path)
            resource = _read(lambda: self._clients.get(path, version), missing)
            profile = inner(inner(resource, "properties"), "publishingProfile")
            replicas = [text(each, "name") or "" for each in objects(profile, "targetRegions")]
            locations = [text(resource, "location") or "", *replicas]
            if spec.region not in map(to_region, locations):
                raise NotFound(missing, provider="azure")


def _read(read: Callable[[], Document], missing: str) -> Document:
    try:
        with azure_errors("look up what the VM needs"):
            return read()
    except NotFound as error:
        raise NotFound(missing, provider="azure", code=error.code) from error
