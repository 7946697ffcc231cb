"""The locations of the sandbox Azure.

Source: https://learn.microsoft.com/en-us/azure/reliability/regions-list
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error

ZONES: Final = ("1", "2", "3")


@dataclass(frozen=True)
class Location:
    """A location; `geography` is also its geography group, `paired` its paired region."""

    name: str
    display_name: str
    geography: str
    latitude: str
    longitude: str
    paired: str
    zones: tuple[str, ...] = ZONES


LOCATIONS: Final = {
    location.name: location
    for location in (
        Location("eastus", "East US", "US", "37.3719", "-79.8164", "westus"),
        Location(
            "germanywestcentral",
            "Germany West Central",
            "Europe",
            "50.110924",
            "8.682127",
            "northeurope",
        ),
        Location(
            "northcentralus", "North Central US", "US", "41.8819", "-87.6278", "eastus", zones=()
        ),
        Location("northeurope", "North Europe", "Europe", "53.3478", "-6.2597", "westeurope"),
        Location("southeastasia", "Southeast Asia", "Asia Pacific", "1.283", "103.833", "westus3"),
        Location("westeurope", "West Europe", "Europe", "52.3667", "4.9", "northeurope"),
        Location("westus", "West US", "US", "37.783", "-122.417", "eastus", zones=()),
        Location("westus3", "West US 3", "US", "33.448376", "-112.074036", "eastus"),
    )
}


def normalize_location(location: str) -> str:
    """Return the name of a location, which may be its display name such as `West Europe`."""
    return location.replace(" ", "").lower()


def require_location(context: RequestContext) -> str:
    """Return the location in the path; refuses an unknown one."""
    location = normalize_location(context.path_parameters["location"])
    if location not in LOCATIONS:
        raise arm_error(
            400,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for location '{location}' and API version"
            f" '{context.api_version}' for type 'locations'.",
        )
    return location


def check_zones(zones: list[str], location: str) -> None:
    """Refuse availability zones that the location does not have."""
    available = LOCATIONS[location].zones
    if not available and zones:
        message = f"The resource type does not support availability zones at location '{location}'."
        raise arm_error(400, "AvailabilityZoneNotSupported", message)
    if any(zone not in available for zone in zones):
        message = f"The zone(s) '{','.join(zones)}' for resource are not valid in '{location}'."
        raise arm_error(400, "InvalidAvailabilityZone", message)


def location_document(location: Location, subscription: str) -> dict[str, object]:
    """Return a location as an item of `Subscriptions_ListLocations`."""
    prefix = f"/subscriptions/{subscription}/locations/"
    document: dict[str, object] = {
        "id": prefix + location.name,
        "name": location.name,
        "type": "Region",
        "displayName": location.display_name,
        "regionalDisplayName": f"({location.geography}) {location.display_name}",
        "metadata": {
            "regionType": "Physical",
            "regionCategory": "Recommended" if location.zones else "Other",
            "geography": location.geography,
            "geographyGroup": location.geography,
            "latitude": location.latitude,
            "longitude": location.longitude,
            "physicalLocation": location.display_name,
            "pairedRegion": [{"name": location.paired, "id": prefix + location.paired}],
        },
    }
    if location.zones:
        document["availabilityZoneMappings"] = [
            {"logicalZone": zone, "physicalZone": f"{location.name}-az{zone}"}
            for zone in location.zones
        ]
    return document
