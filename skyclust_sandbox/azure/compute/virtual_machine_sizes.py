"""VM sizes: their resources, and the locations in which they are available.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/sizes/overview
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.locations import (
    LOCATIONS,
    check_zones,
    normalize_location,
    require_location,
)
from skyclust_sandbox.azure.paging import document_page
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import Document, arm_error, json_response


@dataclass(frozen=True)
class VmSize:
    """A VM size; `memory` is in GiB.

    `missing` are the locations that do not have the size, `restricted` those that list it but
    do not offer it to the subscription.
    """

    name: str
    family: str
    cores: int
    memory: float
    data_disks: int
    architecture: str = "x64"
    gpus: int = 0
    premium: bool = True
    generations: str = "V1,V2"
    missing: frozenset[str] = frozenset()
    restricted: frozenset[str] = frozenset()


def _series(
    pattern: str,
    family: str,
    memory_per_core: float,
    *cores: int,
    architecture: str = "x64",
    gpus: int = 0,
    missing: frozenset[str] = frozenset(),
    restricted: frozenset[str] = frozenset(),
) -> Iterator[VmSize]:
    for number in cores:
        yield VmSize(
            name=f"Standard_{pattern.format(number)}",
            family=family,
            cores=number,
            memory=number * memory_per_core,
            data_disks=min(32, max(4, number * 2)),
            architecture=architecture,
            gpus=gpus,
            generations="V2" if architecture == "Arm64" else "V1,V2",
            missing=missing,
            restricted=restricted,
        )


_NO_ARM: Final = frozenset({"northcentralus", "westus"})
_NO_GPU: Final = frozenset({"germanywestcentral", "northcentralus", "southeastasia"})

SIZES: Final = {
    size.name.lower(): size
    for size in (
        VmSize("Standard_B1ls", "standardBSFamily", 1, 0.5, 2),
        VmSize("Standard_B1s", "standardBSFamily", 1, 1.0, 2),
        VmSize("Standard_B1ms", "standardBSFamily", 1, 2.0, 2),
        VmSize("Standard_B2s", "standardBSFamily", 2, 4.0, 4),
        VmSize("Standard_B2ms", "standardBSFamily", 2, 8.0, 4),
        VmSize("Standard_B4ms", "standardBSFamily", 4, 16.0, 8),
        *_series("B{}s_v2", "standardBsv2Family", 4, 2, 4, 8),
        *_series("B{}ps_v2", "standardBpsv2Family", 4, 2, 4, architecture="Arm64", missing=_NO_ARM),
        VmSize("Standard_DS1_v2", "standardDSv2Family", 1, 3.5, 4),
        VmSize("Standard_DS2_v2", "standardDSv2Family", 2, 7.0, 8),
        *_series("D{}s_v3", "standardDSv3Family", 4, 2, 4, 8, 16, 32),
        *_series("D{}s_v5", "standardDSv5Family", 4, 2, 4, 8, 16, 32, 48, 64, 96),
        *_series("D{}as_v5", "standardDASv5Family", 4, 2, 4, 8, 16, 32),
        *_series("D{}ds_v5", "standardDDSv5Family", 4, 2, 4, 8, 16),
        *_series(
            "D{}ps_v5", "standardDPSv5Family", 4, 2, 4, 8, 16, architecture="Arm64", missing=_NO_ARM
        ),
        *_series("E{}s_v5", "standardESv5Family", 8, 2, 4, 8, 16, 32, 64),
        *_series("F{}s_v2", "standardFSv2Family", 2, 2, 4, 8, 16, 32, 72),
        *_series("L{}s_v3", "standardLSv3Family", 8, 8, 16, 32),
        *_series(
            "M{}ms",
            "standardMSFamily",
            27.34375,
            64,
            128,
            missing=_NO_GPU,
            restricted=frozenset({"eastus", "westus3"}),
        ),
        *_series("NC{}as_T4_v3", "Standard NCASv3_T4 Family", 7, 4, 8, 16, gpus=1, missing=_NO_GPU),
    )
}
"""All sizes, by name in lower case."""


def require_size(name: object, location: str, zones: list[str]) -> VmSize:
    """Return a size that the location and zones offer; refuses any other size."""
    size = SIZES.get(str(name).lower())
    if size is None:
        valid = ",".join(valid.name for valid in sizes_in(location))
        raise arm_error(
            400,
            "InvalidParameter",
            f"The value {name} provided for the VM size is not valid. The valid sizes in the"
            f" current region are: {valid}.",
        )
    if location in size.missing or location in size.restricted:
        where = f"{location} zone '{','.join(zones)}'" if zones else f"location '{location}'"
        raise arm_error(
            409,
            "SkuNotAvailable",
            f"The requested VM size for resource 'Following SKUs have failed for Capacity"
            f" Restrictions: {size.name}' is currently not available in {where}. Please try"
            " another size or deploy to a different location or different zone. See"
            " https://aka.ms/azureskunotavailable for details.",
        )
    check_zones(zones, location)
    return size


def sizes_in(location: str) -> list[VmSize]:
    """Return the sizes that a location lists."""
    return [size for size in SIZES.values() if location not in size.missing]


def list_sizes(context: RequestContext) -> Response:
    """VirtualMachineSizes_List."""
    location = require_location(context)
    return json_response({"value": [_size_document(size) for size in sizes_in(location)]})


def list_available_sizes(context: RequestContext) -> Response:
    """VirtualMachines_ListAvailableSizes: an allocated VM can only be resized in its family."""
    vm = context.require_resource("Microsoft.Compute/virtualMachines")
    current = SIZES[vm.properties["hardwareProfile"]["vmSize"].lower()]
    deallocated = vm.power == "deallocated"
    sizes = [size for size in sizes_in(vm.location) if deallocated or size.family == current.family]
    return json_response({"value": [_size_document(size) for size in sizes]})


def list_skus(context: RequestContext) -> Response:
    """ResourceSkus_List: the VM sizes of all locations, or of the location in the filter."""
    expression = context.request.args.get("$filter", "")
    supported = expression.lower().startswith("location eq '") and expression.endswith("'")
    if expression and not supported:
        message = f"The filter '{expression}' is not supported: location eq '<location>' is."
        raise arm_error(400, "InvalidParameter", message)
    locations = list(LOCATIONS)
    if expression:
        locations = [normalize_location(expression.partition("'")[2].rstrip("'"))]
    skus = {
        f"{size.name} {location}": _sku(size, location)
        for location in locations
        if location in LOCATIONS
        for size in sizes_in(location)
    }
    return document_page(context, skus)


def _size_document(size: VmSize) -> Document:
    return {
        "name": size.name,
        "numberOfCores": size.cores,
        "osDiskSizeInMB": 1047552,
        "resourceDiskSizeInMB": 0 if size.name.endswith(("s_v5", "ps_v2")) else size.cores * 8192,
        "memoryInMB": int(size.memory * 1024),
        "maxDataDiskCount": size.data_disks,
    }


def _sku(size: VmSize, location: str) -> Document:
    zones = list(LOCATIONS[location].zones)
    capabilities = {
        "MaxResourceVolumeMB": "0",
        "OSVhdSizeMB": "1047552",
        "vCPUs": str(size.cores),
        "HyperVGenerations": size.generations,
        "MemoryGB": f"{size.memory:g}",
        "MaxDataDiskCount": str(size.data_disks),
        "CpuArchitectureType": size.architecture,
        "PremiumIO": str(size.premium),
        "vCPUsAvailable": str(size.cores),
        **({"GPUs": str(size.gpus)} if size.gpus else {}),
        "AcceleratedNetworkingEnabled": str(size.cores > 1),
        "EncryptionAtHostSupported": "True",
    }
    restrictions: list[Document] = []
    if location in size.restricted:
        restrictions.append(
            {
                "type": "Location",
                "values": [location],
                "restrictionInfo": {"locations": [location]},
                "reasonCode": "NotAvailableForSubscription",
            }
        )
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": "Standard",
        "size": size.name.removeprefix("Standard_"),
        "family": size.family,
        "locations": [location],
        "locationInfo": [{"location": location, "zones": zones, "zoneDetails": []}],
        "capabilities": [{"name": name, "value": value} for name, value in capabilities.items()],
        "restrictions": restrictions,
    }
