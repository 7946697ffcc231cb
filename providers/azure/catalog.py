"""What machines can be made of: sizes and images of publishers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from providers.azure import api_versions
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, objects, required, text, texts
from providers.azure.regions import check_region
from skyclust.errors import NotFound
from skyclust.model.catalog import Architecture, Image, InstanceType
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

# Publisher, offer and SKU by family and architecture, second generation where there is one.
# Sources: https://documentation.ubuntu.com/azure/azure-how-to/instances/find-ubuntu-images/ and
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
_ARCHITECTURES: Final = {"x64": Architecture.X86_64, "arm64": Architecture.ARM64}


def list_instance_types(clients: AzureClients, region: str) -> Iterator[Sequence[InstanceType]]:
    """Yield the sizes that the subscription may have in a region, page by page.

    Source: https://learn.microsoft.com/en-us/rest/api/compute/resource-skus/list
    """
    check_region(clients, region)
    path = f"{clients.subscription}/providers/Microsoft.Compute/skus"
    pages = clients.pages(path, api_versions.SKUS, **{"$filter": f"location eq '{region}'"})
    items = ItemReader("azure", f"sizes of {region}")
    told: set[str] = set()
    while True:
        with azure_errors(f"list the sizes in {region}"):
            page = next(pages, None)
        if page is None:
            items.finish()
            return
        types = items.read(page, partial(to_instance_type, region), region=region)
        yield [one for one in types if one.name not in told]
        told |= {one.name for one in types}


def to_instance_type(region: str, sku: Document) -> InstanceType | None:
    """Return a size in our words; None for what is no size, or may not be had in the region."""
    if sku.get("resourceType") != "virtualMachines" or not _is_in(region, sku):
        return None
    told = {text(one, "name"): text(one, "value") for one in objects(sku, "capabilities")}
    cores = int(told.get("vCPUsAvailable") or told.get("vCPUs") or 0)
    memory = int(float(told.get("MemoryGB") or 0) * 1024)
    architecture = _ARCHITECTURES.get((told.get("CpuArchitectureType") or "x64").lower())
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
        gpus=int(float(told.get("GPUs") or 0)),
        zones=zones,
        attributes={"family": text(sku, "family")},
    )


def list_images(
    clients: AzureClients, region: str, family: str, architecture: Architecture
) -> list[Image]:
    """Return the versions of a family's image, the newest first.

    `family` is one of FAMILIES, or a publisher's own: `publisher:offer:sku`. Source:
    https://learn.microsoft.com/en-us/rest/api/compute/virtual-machine-images/list
    """
    urn = family if family.count(":") == 2 else FAMILIES.get(family, {}).get(architecture)
    if urn is None:
        check_region(clients, region)
        return []
    _, offer, sku = urn.split(":")
    names = sorted(versions_of(clients, region, urn), key=_version, reverse=True)
    return [
        Image(
            provider="azure",
            region=region,
            id=f"{urn}:{name}",
            name=f"{offer} {sku} {name}",
            family=family,
            architecture=architecture,
        )
        for name in names
    ]


def versions_of(clients: AzureClients, region: str, urn: str) -> list[str]:
    """Return the versions of `publisher:offer:sku`; empty where the region has none of it."""
    publisher, offer, sku = urn.split(":")
    path = (
        f"{clients.subscription}/providers/Microsoft.Compute/locations/{region}/publishers/"
        f"{publisher}/artifacttypes/vmimage/offers/{offer}/skus/{sku}/versions"
    )
    try:
        with azure_errors(f"list the images of {urn} in {region}"):
            found = clients.get_list(path, api_versions.COMPUTE)
    except NotFound:
        return []
    return [required(one, "name") for one in found]


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in name.split("."))


def _is_in(region: str, sku: Document) -> bool:
    return region in {one.lower() for one in texts(sku, "locations")}


def _zones(region: str, sku: Document) -> tuple[str, ...] | None:
    """Return the zones that offer a size; None when the subscription may not have it at all."""
    offered = {
        zone
        for place in objects(sku, "locationInfo")
        if (text(place, "location") or "").lower() == region
        for zone in texts(place, "zones")
    }
    for restriction in objects(sku, "restrictions"):
        if restriction.get("type") == "Location":
            return None
        offered -= set(texts(inner(restriction, "restrictionInfo"), "zones"))
    return tuple(sorted(offered))
