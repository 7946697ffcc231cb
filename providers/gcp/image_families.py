"""SkyClust's names of operating systems, and the image families that Google publishes for them.

Sources: https://cloud.google.com/compute/docs/images/os-details and
https://cloud.google.com/compute/docs/images/image-families-best-practices
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from skyclust.model.catalog import Architecture


@dataclass(frozen=True)
class Family:
    """An image family: the project that publishes it, and its name by architecture."""

    project: str
    x86_64: str
    arm64: str | None = None

    def name(self, architecture: Architecture) -> str | None:
        """Return the name of the family for an architecture, None when it has no such images."""
        return self.x86_64 if architecture is Architecture.X86_64 else self.arm64


FAMILIES: Final[dict[str, Family]] = {
    "almalinux-8": Family("almalinux-cloud", "almalinux-8"),
    "almalinux-9": Family("almalinux-cloud", "almalinux-9", "almalinux-9-arm64"),
    "almalinux-10": Family("almalinux-cloud", "almalinux-10", "almalinux-10-arm64"),
    "centos-stream-9": Family("centos-cloud", "centos-stream-9", "centos-stream-9-arm64"),
    "centos-stream-10": Family("centos-cloud", "centos-stream-10", "centos-stream-10-arm64"),
    "debian-11": Family("debian-cloud", "debian-11", "debian-11-arm64"),
    "debian-12": Family("debian-cloud", "debian-12", "debian-12-arm64"),
    "debian-13": Family("debian-cloud", "debian-13", "debian-13-arm64"),
    "rhel-8": Family("rhel-cloud", "rhel-8"),
    "rhel-9": Family("rhel-cloud", "rhel-9", "rhel-9-arm64"),
    "rhel-10": Family("rhel-cloud", "rhel-10", "rhel-10-arm64"),
    "rocky-8": Family("rocky-linux-cloud", "rocky-linux-8"),
    "rocky-9": Family("rocky-linux-cloud", "rocky-linux-9", "rocky-linux-9-arm64"),
    "rocky-10": Family("rocky-linux-cloud", "rocky-linux-10", "rocky-linux-10-arm64"),
    "sles-15": Family("suse-cloud", "sles-15", "sles-15-arm64"),
    "ubuntu-22.04": Family("ubuntu-os-cloud", "ubuntu-2204-lts", "ubuntu-2204-lts-arm64"),
    "ubuntu-24.04": Family("ubuntu-os-cloud", "ubuntu-2404-lts-amd64", "ubuntu-2404-lts-arm64"),
    "ubuntu-26.04": Family("ubuntu-os-cloud", "ubuntu-2604-lts-amd64", "ubuntu-2604-lts-arm64"),
    "windows-2022": Family("windows-cloud", "windows-2022"),
    "windows-2025": Family("windows-cloud", "windows-2025"),
}

_PUBLISHERS: Final = {
    "almalinux-": "almalinux-cloud",
    "centos-": "centos-cloud",
    "cos-": "cos-cloud",
    "debian-": "debian-cloud",
    "rhel-": "rhel-cloud",
    "rocky-linux-": "rocky-linux-cloud",
    "sles-": "suse-cloud",
    "ubuntu-": "ubuntu-os-cloud",
    "windows-": "windows-cloud",
}


def publisher_of(name: str) -> str | None:
    """Return the project that publishes images and families with such a name, else None."""
    projects = (project for prefix, project in _PUBLISHERS.items() if name.startswith(prefix))
    return next(projects, None)
