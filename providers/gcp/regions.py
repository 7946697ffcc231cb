"""Regions and their zones.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/regions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.gcp import fields
from providers.gcp.links import GLOBAL, ending
from providers.gcp.paging import things
from skyclust.providerkit.answers import require_list

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients


def get_regions(clients: GcpClients) -> list[str]:
    """Return the regions that the project may use, and `global`, sorted."""
    doing = "list the regions of the project"
    found = {fields.required_text(one, "name") for one in things(clients, "regions", doing)}
    return sorted({*found, GLOBAL})


def get_zones(clients: GcpClients, region: str) -> list[str]:
    """Return the zones of a region, sorted; raises NotFound for an unknown region."""
    doing = f"read region {region}"
    answer = clients.read(f"regions/{region}", doing, kind="region")
    # A region has zones: without them everything in it would seem to be gone.
    require_list(answer, "zones", doing=doing, provider="gcp")
    return sorted(ending(zone) for zone in fields.texts(answer, "zones"))
