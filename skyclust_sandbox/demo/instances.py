"""The instances of the demo: four with a given type and image, and one that is placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

TAG: Final = "demo=five-clouds"


@dataclass(frozen=True)
class DemoInstance:
    """An instance, its region, and the options of the command that creates it."""

    name: str
    cloud: str
    region: str
    options: tuple[str, ...]

    @property
    def credential(self) -> str:
        """The name that `skyclust sandbox connect` gives to the credential of the cloud."""
        return f"sandbox-{self.cloud}"

    def create_command(self) -> tuple[str, ...]:
        """Return the command that creates this instance."""
        place = ("--credential", self.credential, "--region", self.region)
        return ("instance", "create", self.name, *place, *self.options, "--tag", TAG)


EXACT: Final = (
    DemoInstance(
        "on-aws",
        "aws",
        "eu-west-1",
        ("--type", "t3.small", "--image", "debian-12-amd64-20250814-2204"),
    ),
    DemoInstance(
        "on-azure",
        "azure",
        "westeurope",
        (
            *("--type", "Standard_B2s", "--image", "Debian:debian-12:12-gen2:latest"),
            *("--network", "default-westeurope"),
        ),
    ),
    DemoInstance(
        "on-openstack",
        "openstack",
        "RegionOne",
        ("--type", "m1.small", "--image", "debian-12", "--network", "private"),
    ),
    DemoInstance(
        "on-proxmox",
        "proxmox",
        "frankfurt",
        ("--type", "1c1g", "--image", "debian-12", "--network", "vmbr0"),
    ),
)
"""The instances with a given cloud, type and image."""

FULL: Final = ("aws", "eu-central-1")
"""The cloud and region without capacity."""

NO_CAPACITY: Final = (
    *("error", "--cloud", FULL[0], "--region", FULL[1], "--action", "RunInstances"),
    *("--code", "InsufficientInstanceCapacity", "--status", "500"),
)
"""The fault that removes the capacity there."""

PLACED: Final = DemoInstance(
    "anywhere",
    "gcp",
    "europe-west1",
    (
        *("--cores", "2", "--memory", "4", "--image-family", "debian-12"),
        *("--place", "sandbox-aws/eu-central-1", "--place", "sandbox-gcp/europe-west1"),
        *("--place", "sandbox-azure/westeurope", "--place", "sandbox-openstack/RegionOne"),
        *("--place", "sandbox-proxmox/frankfurt"),
    ),
)
"""The instance with requirements instead of a type; it is created in the second place."""

INSTANCES: Final = (*EXACT, PLACED)


def create_placed_command() -> tuple[str, ...]:
    """Return the command that creates the placed instance in the first place with capacity."""
    return ("instance", "create", PLACED.name, *PLACED.options, "--tag", TAG)


def delete_commands() -> Sequence[tuple[str, ...]]:
    """Return the commands that delete all instances."""
    return [("instance", "delete", instance.name, "--yes") for instance in INSTANCES]
