"""Regions and their zones.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/regions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.gcp import fields
from providers.gcp.links import GLOBAL, last_segment
from providers.gcp.paging import list_all
from skyclust.providerkit.answers import require_list

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients


def get_regions(clients: GcpClients) -> list[str]:
    """Return the regions that the project may use, and `global`, sorted."""
    doing = "list the regions of the project"
    names = {fields.required_text(region, "name") for region in list_all(clients, "regions", doing)}
    return sorted({*names, GLOBAL})


def get_zones(clients: GcpClients, region: str) -> list[str]:
    """Return the zones of a region, sorted; raises NotFound for an unknown region."""
    doing = f"read region {region}"
    reply = clients.get(f"regions/{region}", doing, kind="region")
    # Every region has zones: a missing list would make all its resources look deleted.
    require_list(reply, "zones", doing=doing, provider="gcp")
    return sorted(last_segment(zone) for zone in fields.texts(reply, "zones"))
