"""The sizes of machines: what they have, and where they can be had.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/sizes/overview
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.locations import LOCATIONS, name_of
from skyclust_sandbox.azure.paging import page_of_documents
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import Document, refusal, reply


@dataclass(frozen=True)
class Size:
    """A size of machine; `memory` is in GiB. `missing` has the locations without it."""

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
) -> Iterator[Size]:
    for number in cores:
        yield Size(
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
        Size("Standard_B1ls", "standardBSFamily", 1, 0.5, 2),
        Size("Standard_B1s", "standardBSFamily", 1, 1.0, 2),
        Size("Standard_B1ms", "standardBSFamily", 1, 2.0, 2),
        Size("Standard_B2s", "standardBSFamily", 2, 4.0, 4),
        Size("Standard_B2ms", "standardBSFamily", 2, 8.0, 4),
        Size("Standard_B4ms", "standardBSFamily", 4, 16.0, 8),
        *_series("B{}s_v2", "standardBsv2Family", 4, 2, 4, 8),
        *_series("B{}ps_v2", "standardBpsv2Family", 4, 2, 4, architecture="Arm64", missing=_NO_ARM),
        Size("Standard_DS1_v2", "standardDSv2Family", 1, 3.5, 4),
        Size("Standard_DS2_v2", "standardDSv2Family", 2, 7.0, 8),
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
"""The sizes there are, by their names in lower case."""


def require_size(name: object, location: str, zones: list[str]) -> Size:
    """Return a size that can be had in a location and zones; refuses any other."""
    size = SIZES.get(str(name).lower())
    if size is None:
        raise refusal(
            400,
            "InvalidParameter",
            f"The value {name} provided for the VM size is not valid. The valid sizes in the"
            f" current region are: {','.join(one.name for one in sizes_in(location))}.",
        )
    if location in size.missing or location in size.restricted:
        place = f"{location} zone '{','.join(zones)}'" if zones else f"location '{location}'"
        raise refusal(
            409,
            "SkuNotAvailable",
            f"The requested VM size for resource 'Following SKUs have failed for Capacity"
            f" Restrictions: {size.name}' is currently not available in {place}. Please try"
            " another size or deploy to a different location or different zone. See"
            " https://aka.ms/azureskunotavailable for details.",
        )
    check_zones(zones, location)
    return size


def check_zones(zones: list[str], location: str) -> None:
    """Refuse zones that the location does not have."""
    known = LOCATIONS[location].zones
    if not known and zones:
        message = f"The resource type does not support availability zones at location '{location}'."
        raise refusal(400, "AvailabilityZoneNotSupported", message)
    if any(zone not in known for zone in zones):
        message = f"The zone(s) '{','.join(zones)}' for resource are not valid in '{location}'."
        raise refusal(400, "InvalidAvailabilityZone", message)


def sizes_in(location: str) -> list[Size]:
    """Return the sizes that a location has."""
    return [size for size in SIZES.values() if location not in size.missing]


def list_sizes(ask: Ask) -> Response:
    """VirtualMachineSizes_List."""
    location = require_location(ask)
    return reply({"value": [_described(size) for size in sizes_in(location)]})


def list_available_sizes(ask: Ask) -> Response:
    """VirtualMachines_ListAvailableSizes: while allocated, those of its own hardware."""
    machine = ask.find("Microsoft.Compute/virtualMachines")
    properties = machine.body["properties"]
    now = SIZES[properties["hardwareProfile"]["vmSize"].lower()]
    free = machine.power == "deallocated"
    sizes = [one for one in sizes_in(machine.location) if free or one.family == now.family]
    return reply({"value": [_described(size) for size in sizes]})


def list_skus(ask: Ask) -> Response:
    """ResourceSkus_List, of a location when the filter says so."""
    asked = ask.request.args.get("$filter", "")
    wanted = asked.partition("'")[2].rstrip("'") if asked else None
    if asked and (not asked.lower().startswith("location eq '") or not asked.endswith("'")):
        message = f"The filter '{asked}' is not supported: location eq '<location>' is."
        raise refusal(400, "InvalidParameter", message)
    places = list(LOCATIONS) if wanted is None else [name_of(wanted)]
    told = {
        f"{size.name} {place}": _sku(size, place)
        for place in places
        if place in LOCATIONS
        for size in sizes_in(place)
    }
    return page_of_documents(ask, told)


def require_location(ask: Ask) -> str:
    """Return the path's location; refuses one that there is not."""
    location = name_of(ask.names["location"])
    if location not in LOCATIONS:
        raise refusal(
            400,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for location '{location}' and API version"
            f" '{ask.version}' for type 'locations'.",
        )
    return location


def _described(size: Size) -> Document:
    return {
        "name": size.name,
        "numberOfCores": size.cores,
        "osDiskSizeInMB": 1047552,
        "resourceDiskSizeInMB": 0 if size.name.endswith(("s_v5", "ps_v2")) else size.cores * 8192,
        "memoryInMB": int(size.memory * 1024),
        "maxDataDiskCount": size.data_disks,
    }


def _sku(size: Size, location: str) -> Document:
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
