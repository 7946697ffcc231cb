"""Regions and their zones.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/regions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.gcp.links import GLOBAL, ending
from providers.gcp.lists import pages

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients


def get_regions(clients: GcpClients) -> list[str]:
    """Return the regions that the project may use, and `global`, sorted."""
    found = {
        str(region["name"])
        for page in pages(clients, "regions", "list the regions of the project")
        for region in page
    }
    return sorted({*found, GLOBAL})


def get_zones(clients: GcpClients, region: str) -> list[str]:
    """Return the zones of a region, sorted; raises NotFound for an unknown region."""
    answer = clients.read(f"regions/{region}", f"read region {region}")
    return sorted(ending(zone) for zone in answer.get("zones", ()))
