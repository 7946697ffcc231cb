"""The regions of the service catalog that have a compute service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyclust.errors import ConfigurationError

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients


def get_regions(clients: OpenStackClients) -> list[str]:
    """Return the regions with a compute service in the catalog of a new token, sorted.

    Raises ConfigurationError when the credential names another region.
    Source: https://docs.openstack.org/api-ref/identity/v3/#catalog
    """
    endpoints = clients.access(fresh=True).service_catalog.get_endpoints_data(
        service_type="compute", interface=clients.credential.interface
    )
    regions = {
        endpoint.region_name
        for data in endpoints.values()
        for endpoint in data
        if endpoint.region_name
    }
    only = clients.credential.region_name
    if only is None:
        return sorted(regions)
    if only not in regions:
        raise ConfigurationError(
            f"The cloud's catalog has no compute service in region {only!r}.",
            hint=f"It has one in: {', '.join(sorted(regions)) or 'no region'}.",
            provider="openstack",
        )
    return [only]
