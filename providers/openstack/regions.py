"""Regions: those of the catalog that have a compute service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyclust.errors import ConfigurationError

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients


def get_regions(clients: OpenStackClients) -> list[str]:
    """Return the regions with a compute service in the catalog of a fresh token, sorted.

    Raises ConfigurationError when the credential names a region that is not among them.
    Source: https://docs.openstack.org/api-ref/identity/v3/#catalog
    """
    endpoints = clients.access(fresh=True).service_catalog.get_endpoints_data(
        service_type="compute", interface=clients.credential.interface
    )
    found = {one.region_name for data in endpoints.values() for one in data if one.region_name}
    wanted = clients.credential.region_name
    if wanted is None:
        return sorted(found)
    if wanted not in found:
        raise ConfigurationError(
            f"The cloud's catalog has no compute service in region {wanted!r}.",
            hint=f"It has one in: {', '.join(sorted(found)) or 'no region'}.",
            provider="openstack",
        )
    return [wanted]
