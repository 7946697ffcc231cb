"""The regions and zones there are (https://cloud.google.com/compute/docs/regions-zones)."""

from __future__ import annotations

from collections.abc import Mapping
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
"""The regions, and the letters of their zones."""

ZONES: Final[Mapping[str, str]] = {
    f"{region}-{letter}": region for region, letters in REGIONS.items() for letter in letters
}
"""The zones, and the region of each."""

ARM_ZONES: Final = frozenset(
    zone
    for zone, region in ZONES.items()
    if region in {"europe-west1", "europe-west3", "europe-west4", "us-central1", "us-east1"}
    and not zone.endswith("f")
)
"""The zones with arm64 machines."""

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
"""What an auto mode network has in each region (https://cloud.google.com/vpc/docs/subnets)."""


def region_of(zone: str) -> str:
    """Return the region of a zone, or of a name that looks like one."""
    return zone.rpartition("-")[0]
