"""Regions: Azure's locations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.azure import api_versions
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, required, text
from skyclust.errors import InvalidRequest

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


_TEST_GEOGRAPHIES: Final = ("canary", "stage")


def get_regions(clients: AzureClients) -> list[str]:
    """Return the names of the locations that the subscription may use, sorted.

    Logical locations (`europe`) contain no resources, so only physical locations are regions.
    Source: https://learn.microsoft.com/en-us/rest/api/resources/subscriptions/list-locations
    """
    return sorted({_name_of(location) for location in _physical_locations(clients)})


def get_instance_regions(clients: AzureClients) -> list[str]:
    """Return the regions without those in which Azure tests its own releases, sorted.

    A subscription that takes part in such a test lists them as physical locations, with a
    geography of their own: `Canary (US)` of `eastus2euap`, `Stage (US)` of `eastusstg`.
    """
    locations = _physical_locations(clients)
    return sorted({_name_of(location) for location in locations if not _is_test(location)})


def _physical_locations(clients: AzureClients) -> list[Document]:
    with azure_errors("list the locations of the subscription"):
        listed = clients.list_all(f"{clients.subscription}/locations", api_versions.SUBSCRIPTIONS)
    return [location for location in listed if _is_physical(location)]


def _name_of(location: Document) -> str:
    return required(location, "name").lower()


def _is_test(location: Document) -> bool:
    geography = text(inner(location, "metadata"), "geography") or ""
    return geography.lower().startswith(_TEST_GEOGRAPHIES)


def _is_physical(location: Document) -> bool:
    # A private cloud may return no metadata; it has physical locations only.
    region_type = text(inner(location, "metadata"), "regionType") or "Physical"
    return region_type.lower() == "physical" and (text(location, "type") or "Region") == "Region"


def check_region(clients: AzureClients, region: str) -> None:
    """Raise InvalidRequest for a region that the subscription does not have."""
    known = get_regions(clients)
    if region not in known:
        raise InvalidRequest(
            f"The subscription has no region {region!r}.",
            hint=f"It has: {', '.join(known)}.",
            provider="azure",
        )
