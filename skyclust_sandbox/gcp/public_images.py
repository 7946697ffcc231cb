"""The images that everybody may use (https://cloud.google.com/compute/docs/images/os-details)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from skyclust_sandbox.gcp.links import Reference
from skyclust_sandbox.gcp.responses import LINK, Resource
from skyclust_sandbox.gcp.state import World, fingerprint


@dataclass(frozen=True)
class PublicImage:
    """One public image. `date` is when it was made; an old one is deprecated."""

    project: str
    family: str
    date: str
    architecture: str
    deprecated: bool
    description: str

    @property
    def name(self) -> str:
        """Its name: the family's with the day it was made."""
        day = f"v{self.date.replace('-', '')}"
        if self.family.endswith("-arm64") and self.project == "debian-cloud":
            return f"{self.family.replace('-arm64', '-bookworm-arm64')}-{day}"
        if self.project == "debian-cloud":
            return f"{self.family}-bookworm-{day}"
        return f"{self.family.replace('-lts-', '-noble-')}-{day}"


_FAMILIES: Final = (
    ("ubuntu-os-cloud", "ubuntu-2404-lts-amd64", "X86_64", "Canonical, Ubuntu, 24.04 LTS, amd64"),
    ("ubuntu-os-cloud", "ubuntu-2404-lts-arm64", "ARM64", "Canonical, Ubuntu, 24.04 LTS, arm64"),
    ("ubuntu-os-cloud", "ubuntu-2204-lts", "X86_64", "Canonical, Ubuntu, 22.04 LTS, amd64"),
    ("debian-cloud", "debian-12", "X86_64", "Debian, Debian GNU/Linux, 12 (bookworm), amd64"),
    ("debian-cloud", "debian-12-arm64", "ARM64", "Debian, Debian GNU/Linux, 12 (bookworm), arm64"),
)
_DATES: Final = ("2026-05-12", "2026-08-18", "2026-11-03")

PUBLIC_IMAGES: Final = tuple(
    PublicImage(project, family, date, architecture, date == _DATES[0], description)
    for project, family, architecture, description in _FAMILIES
    for date in _DATES
)
"""Three of each family, the oldest one deprecated."""


def stock_images(world: World) -> None:
    """Put the public images into the projects they belong to."""
    for image in PUBLIC_IMAGES:
        where = Reference(image.project, "global", "images", image.name)
        shelf = world.projects[image.project].shelf("images", "global")
        shelf[image.name] = _image(world, image, where)


def _image(world: World, image: PublicImage, where: Reference) -> Resource:
    system = "debian-12" if image.project == "debian-cloud" else image.family[:11]
    resource: Resource = {
        "kind": "compute#image",
        "id": world.new_id(),
        "creationTimestamp": f"{image.date}T02:11:41.000-08:00",
        "name": image.name,
        "description": f"{image.description} image built on {image.date}",
        "sourceType": "RAW",
        "status": "READY",
        "archiveSizeBytes": "2147483648",
        "diskSizeGb": "10",
        "family": image.family,
        "architecture": image.architecture,
        "licenses": [f"{LINK}projects/{image.project}/global/licenses/{system}"],
        "guestOsFeatures": [{"type": "UEFI_COMPATIBLE"}, {"type": "GVNIC"}],
        "labelFingerprint": fingerprint({}),
        "storageLocations": ["us"],
        "selfLink": where.link,
        "enableConfidentialCompute": False,
    }
    if image.deprecated:
        resource["deprecated"] = {"state": "DEPRECATED"}
    return resource
