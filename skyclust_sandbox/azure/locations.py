"""The locations of the sandbox Azure.

Source: https://learn.microsoft.com/en-us/azure/reliability/regions-list
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ZONES: Final = ("1", "2", "3")


@dataclass(frozen=True)
class Location:
    """A location; `geography` is its group, and degrees are of latitude and longitude."""

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


def name_of(location: str) -> str:
    """Return the name of a location that may be written as people do: `West Europe`."""
    return location.replace(" ", "").lower()


def described(location: Location, subscription: str) -> dict[str, object]:
    """Return a location as `Subscriptions_ListLocations` does."""
    prefix = f"/subscriptions/{subscription}/locations/"
    described: dict[str, object] = {
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
        described["availabilityZoneMappings"] = [
            {"logicalZone": zone, "physicalZone": f"{location.name}-az{zone}"}
            for zone in location.zones
        ]
    return described
