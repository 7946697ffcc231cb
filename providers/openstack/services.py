"""The services of OpenStack: their types, names, versions and microversions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

COMPUTE: Final = "compute"
STORAGE: Final = "block-storage"
IMAGE: Final = "image"
NETWORK: Final = "network"
LOAD_BALANCER: Final = "load-balancer"
RATING: Final = "rating"

SERVICE_NAMES: Final = {
    COMPUTE: "Nova",
    STORAGE: "Cinder",
    IMAGE: "Glance",
    NETWORK: "Neutron",
    LOAD_BALANCER: "Octavia",
    RATING: "CloudKitty",
}

# Appended to the URL of a service in the catalog, unless that ends in a version already.
VERSIONS: Final = {
    COMPUTE: "/v2.1",
    STORAGE: "/v3",
    IMAGE: "/v2",
    NETWORK: "/v2.0",
    LOAD_BALANCER: "/v2",
    RATING: "/v2",
}
MAX_MICROVERSIONS: Final = {COMPUTE: (2, 98), STORAGE: (3, 40)}
"""The newest microversions that this provider uses: 2.98 adds the image properties to a server,
3.40 reverts a volume to a snapshot. Sources:
https://docs.openstack.org/nova/latest/reference/api-microversion-history.html and
https://docs.openstack.org/cinder/latest/contributor/api_microversion_history.html"""

MAJOR_VERSIONS: Final = {service: str(version[0]) for service, version in MAX_MICROVERSIONS.items()}

Microversion = tuple[int, int]


@dataclass(frozen=True)
class Endpoint:
    """The URL of a service in a region, and the microversion of requests to it."""

    url: str
    microversion: Microversion | None


def with_version(catalog_url: str, version: str) -> str:
    """Return the URL of a service with its version appended, unless it has one."""
    url = catalog_url.rstrip("/")
    parts = urlsplit(url).path.split("/")
    if any(part[:1] == "v" and part[1:2].isdigit() for part in parts):
        return url
    return f"{url}{version}"


def microversion_type(service: str) -> str:
    """Return the service type in the header that carries the microversion."""
    # Cinder's header still has its original service type (keystoneauth maps only volumev2/v3).
    return "volume" if service == STORAGE else service
