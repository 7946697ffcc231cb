"""How the sandbox OpenStack behaves, and which services it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OPTIONAL_SERVICES: Final = {
    "cinder": "block-storage",
    "neutron": "network",
    "octavia": "load-balancer",
}
"""The services that a cloud can do without, by their projects' names."""

LARGEST_PAGE: Final = 1000
"""The largest page of every service (nova's, cinder's and glance's own default)."""


@dataclass(frozen=True)
class OpenStackSettings:
    """How this OpenStack behaves. Times are in seconds.

    `without` has the services that are neither in the catalog nor answer. `bulk` is how many
    servers more than its own the estate has in the first region.
    """

    transition_seconds: float = 2.0
    token_seconds: float = 3600.0
    without: frozenset[str] = frozenset()
    bulk: int = 0
