"""Sizes and marketplace images that VMs can be created from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from providers.azure import api_versions
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, objects, required, text, texts
from providers.azure.regions import check_region
from skyclust.contract import CatalogProvider
from skyclust.errors import NotFound
from skyclust.model.catalog import Architecture, Image, InstanceType
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

# Publisher, offer and SKU by family and architecture, of the second VM generation if there is
# such an image. Sources:
# https://documentation.ubuntu.com/azure/azure-how-to/instances/find-ubuntu-images/ and
# https://wiki.debian.org/Cloud/MicrosoftAzure
_X86: Final = Architecture.X86_64
_ARM: Final = Architecture.ARM64
FAMILIES: Final[Mapping[str, Mapping[Architecture, str]]] = {
    "ubuntu-24.04": {
        _X86: "Canonical:ubuntu-24_04-lts:server",
        _ARM: "Canonical:ubuntu-24_04-lts:server-arm64",
    },
    "ubuntu-22.04": {
        _X86: "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2",
        _ARM: "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-arm64",
    },
    "debian-13": {_X86: "Debian:debian-13:13-gen2", _ARM: "Debian:debian-13:13-arm64"},
    "debian-12": {_X86: "Debian:debian-12:12-gen2", _ARM: "Debian:debian-12:12-arm64"},
    "debian-11": {_X86: "Debian:debian-11:11-gen2"},
}
# The B series (standardBSFamily, standardBasv2Family and others), of which no SKU has a flag:
# https://learn.microsoft.com/en-us/azure/virtual-machines/sizes/general-purpose/b-family
_BURSTABLE_FAMILY: Final = "standardb"

_ARCHITECTURES: Final = {"x64": Architecture.X86_64, "arm64": Architecture.ARM64}


class AzureCatalog(CatalogProvider):
    """Lists VM sizes and marketplace images."""

    _clients: AzureClients

    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        """Yield the sizes that are available to the subscription in a region, page by page.

        Source: https://learn.microsoft.com/en-us/rest/api/compute/resource-skus/list
        """
        check_region(self._clients, region)
        path = f"{self._clients.subscription}/providers/Microsoft.Compute/skus"
        in_region = {"$filter": f"location eq '{region}'"}
        pages = self._clients.pages(path, api_versions.SKUS, **in_region)
        items = ItemReader("azure", f"sizes of {region}")
        listed: set[str] = set()
        while True:
            with azure_errors(f"list the sizes in {region}"):
                page = next(pages, None)
            if page is None:
                items.finish()
                return
            sizes = items.read(page, partial(to_instance_type, region), region=region)
            yield [size for size in sizes if size.name not in listed]
            listed |= {size.name for size in sizes}

    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        """Return the versions of a marketplace image, the newest first.

        `family` is one of FAMILIES, or `publisher:offer:sku`. Source:
        https://learn.microsoft.com/en-us/rest/api/compute/virtual-machine-images/list
        """
        urn = family if family.count(":") == 2 else FAMILIES.get(family, {}).get(architecture)
        if urn is None:
            check_region(self._clients, region)
            return []
        _, offer, sku = urn.split(":")
        versions = image_versions(self._clients, region, urn)
        return [
            Image(
                provider="azure",
                region=region,
                id=f"{urn}:{version}",
                name=f"{offer} {sku} {version}",
                family=family,
                architecture=architecture,
            )
            for version in sorted(versions, key=_version_numbers, reverse=True)
        ]


def to_instance_type(region: str, sku: Document) -> InstanceType | None:
    """Return a SKU as an instance type.

    None for a SKU of another resource type, and for a size that is not available to the
    subscription in the region or lacks cores, memory or a known architecture.
    """
    if sku.get("resourceType") != "virtualMachines" or not _is_in(region, sku):
        return None
    capabilities = {
        text(each, "name"): text(each, "value") for each in objects(sku, "capabilities")
    }
    cores = int(capabilities.get("vCPUsAvailable") or capabilities.get("vCPUs") or 0)
    memory = int(float(capabilities.get("MemoryGB") or 0) * 1024)
    cpu = (capabilities.get("CpuArchitectureType") or "x64").lower()
    architecture = _ARCHITECTURES.get(cpu)
    zones = _zones(region, sku)
    if not cores or not memory or architecture is None or zones is None:
        return None
    return InstanceType(
        provider="azure",
        region=region,
        name=required(sku, "name"),
        cores=cores,
        memory_mib=memory,
        architecture=architecture,
        gpus=int(float(capabilities.get("GPUs") or 0)),
        zones=zones,
        burstable=(text(sku, "family") or "").lower().startswith(_BURSTABLE_FAMILY),
        attributes={"family": text(sku, "family")},
    )


def image_versions(clients: AzureClients, region: str, urn: str) -> list[str]:
    """Return the versions of `publisher:offer:sku`; empty if the region has no such image."""
    publisher, offer, sku = urn.split(":")
    path = (
        f"{clients.subscription}/providers/Microsoft.Compute/locations/{region}/publishers/"
        f"{publisher}/artifacttypes/vmimage/offers/{offer}/skus/{sku}/versions"
    )
    try:
        with azure_errors(f"list the images of {urn} in {region}"):
            versions = clients.get_list(path, api_versions.COMPUTE)
    except NotFound:
        return []
    return [required(version, "name") for version in versions]


def _version_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))


def _is_in(region: str, sku: Document) -> bool:
    return region in {location.lower() for location in texts(sku, "locations")}


def _zones(region: str, sku: Document) -> tuple[str, ...] | None:
    """Return the zones that offer a size; None if it is restricted in the whole region."""
    zones = {
        zone
        for location in objects(sku, "locationInfo")
        if (text(location, "location") or "").lower() == region
        for zone in texts(location, "zones")
    }
    for restriction in objects(sku, "restrictions"):
        if restriction.get("type") == "Location":
            return None
        zones -= set(texts(inner(restriction, "restrictionInfo"), "zones"))
    return tuple(sorted(zones))
