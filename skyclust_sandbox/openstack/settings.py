"""The settings of the sandbox OpenStack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OPTIONAL_SERVICES: Final = {
    "cinder": "block-storage",
    "neutron": "network",
    "octavia": "load-balancer",
    "cloudkitty": "rating",
}
"""The services that a cloud may lack: the service type by the name of the project."""

LARGEST_PAGE: Final = 1000
"""The largest page of every service (the default of nova, cinder and glance)."""


@dataclass(frozen=True)
class OpenStackSettings:
    """The settings of the cloud. Times are in seconds.

    `without` has the service types that are absent from the catalog and reply 404. `bulk` is the
    number of servers that the first region has in addition to its estate.
    """

    transition_seconds: float = 2.0
    token_seconds: float = 3600.0
    without: frozenset[str] = frozenset()
    bulk: int = 0
