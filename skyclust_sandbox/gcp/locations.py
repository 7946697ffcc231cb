"""The regions and zones of the sandbox (https://cloud.google.com/compute/docs/regions-zones)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

REGIONS: Final[Mapping[str, str]] = {
    "asia-southeast1": "abc",
    "europe-north1": "abc",
    "europe-west1": "bcd",
    "europe-west3": "abc",
    "europe-west4": "abc",
    "us-central1": "abcf",
    "us-east1": "bcd",
    "us-west1": "abc",
}
"""The regions, each with the letters of its zones."""

ZONES: Final[Mapping[str, str]] = {
    f"{region}-{letter}": region for region, letters in REGIONS.items() for letter in letters
}
"""The zones, each with its region."""

ARM_ZONES: Final = frozenset(
    zone
    for zone, region in ZONES.items()
    if region in {"europe-west1", "europe-west3", "europe-west4", "us-central1", "us-east1"}
    and not zone.endswith("f")
)
"""The zones that offer arm64 machine types."""

AUTO_RANGES: Final[Mapping[str, str]] = {
    "asia-southeast1": "10.148.0.0/20",
    "europe-north1": "10.166.0.0/20",
    "europe-west1": "10.132.0.0/20",
    "europe-west3": "10.156.0.0/20",
    "europe-west4": "10.164.0.0/20",
    "us-central1": "10.128.0.0/20",
    "us-east1": "10.142.0.0/20",
    "us-west1": "10.138.0.0/20",
}
"""The range of an auto mode network's subnetwork in each region.

See https://cloud.google.com/vpc/docs/subnets.
"""


def region_of(zone: str) -> str:
    """Return the region part of a zone name; the zone need not exist."""
    return zone.rpartition("-")[0]


def region_of_scope(scope: str) -> str:
    """Return the region of a scope, empty for the global scope."""
    kind, _, name = scope.partition("/")
    return region_of(name) if kind == "zones" else name


def scopes_of(kinds: Collection[str]) -> list[str]:
    """Return all scopes of these kinds: `global`, `regions`, `zones`."""
    scopes = ["global"] if "global" in kinds else []
    scopes += [f"regions/{region}" for region in REGIONS] if "regions" in kinds else []
    return scopes + ([f"zones/{zone}" for zone in ZONES] if "zones" in kinds else [])
