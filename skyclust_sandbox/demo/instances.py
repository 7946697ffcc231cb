"""The machines that the demo makes: one on each cloud, four exactly told and one placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

TAG: Final = "demo=five-clouds"


@dataclass(frozen=True)
class DemoMachine:
    """A machine, where it is made, and the options of the command that makes it."""

    name: str
    cloud: str
    region: str
    options: tuple[str, ...]

    @property
    def credential(self) -> str:
        """What `skyclust sandbox connect` calls the account of its cloud."""
        return f"sandbox-{self.cloud}"

    def create(self) -> tuple[str, ...]:
        """Return the command that makes exactly this machine."""
        place = ("--credential", self.credential, "--region", self.region)
        return ("instance", "create", self.name, *place, *self.options, "--tag", TAG)


EXACT: Final = (
    DemoMachine(
        "on-aws",
        "aws",
        "eu-west-1",
        ("--type", "t3.small", "--image", "debian-12-amd64-20250814-2204"),
    ),
    DemoMachine(
        "on-azure",
        "azure",
        "westeurope",
        (
            *("--type", "Standard_B2s", "--image", "Debian:debian-12:12-gen2:latest"),
            *("--network", "default-westeurope"),
        ),
    ),
    DemoMachine(
        "on-openstack",
        "openstack",
        "RegionOne",
        ("--type", "m1.small", "--image", "debian-12", "--network", "private"),
    ),
    DemoMachine(
        "on-proxmox",
        "proxmox",
        "frankfurt",
        ("--type", "1c1g", "--image", "debian-12", "--network", "vmbr0"),
    ),
)
"""The machines that are asked for by type and image."""

FULL: Final = ("aws", "eu-central-1")
"""The cloud and region that have no room for machines."""

NO_ROOM: Final = (
    *("error", "--cloud", FULL[0], "--region", FULL[1], "--action", "RunInstances"),
    *("--code", "InsufficientInstanceCapacity", "--status", "500"),
)
"""The fault that leaves no room there."""

PLACED: Final = DemoMachine(
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
"""The machine that is asked for by what it needs, and where it comes to be: in the second place."""

MACHINES: Final = (*EXACT, PLACED)


def create_placed() -> tuple[str, ...]:
    """Return the command that makes a machine wherever there is room for it."""
    return ("instance", "create", PLACED.name, *PLACED.options, "--tag", TAG)


def deletions() -> Sequence[tuple[str, ...]]:
    """Return the commands that delete all machines."""
    return [("instance", "delete", one.name, "--yes") for one in MACHINES]
