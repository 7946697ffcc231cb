"""Public OS images (https://cloud.google.com/compute/docs/images/os-details)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from skyclust_sandbox.gcp.links import LINK_PREFIX, Reference
from skyclust_sandbox.gcp.responses import Resource, fingerprint
from skyclust_sandbox.gcp.state import State


@dataclass(frozen=True)
class PublicImage:
    """A public image with its creation date."""

    project: str
    family: str
    date: str
    architecture: str
    deprecated: bool
    description: str

    @property
    def name(self) -> str:
        """The name, made of the family and the creation date."""
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
"""Three images of each family, the oldest of them deprecated."""


def add_public_images(state: State) -> None:
    """Add the public images to their projects."""
    for image in PUBLIC_IMAGES:
        reference = Reference(image.project, "global", "images", image.name)
        images = state.projects[image.project].collection("images", "global")
        images[image.name] = _image(state, image, reference)


def _image(state: State, image: PublicImage, reference: Reference) -> Resource:
    system = "debian-12" if image.project == "debian-cloud" else image.family[:11]
    resource: Resource = {
        "kind": "compute#image",
        "id": state.new_id(),
        "creationTimestamp": f"{image.date}T02:11:41.000-08:00",
        "name": image.name,
        "description": f"{image.description} image built on {image.date}",
        "sourceType": "RAW",
        "status": "READY",
        "archiveSizeBytes": "2147483648",
        "diskSizeGb": "10",
        "family": image.family,
        "architecture": image.architecture,
        "licenses": [f"{LINK_PREFIX}projects/{image.project}/global/licenses/{system}"],
        "guestOsFeatures": [{"type": "UEFI_COMPATIBLE"}, {"type": "GVNIC"}],
        "labelFingerprint": fingerprint({}),
        "storageLocations": ["us"],
        "selfLink": reference.link,
        "enableConfidentialCompute": False,
    }
    if image.deprecated:
        resource["deprecated"] = {"state": "DEPRECATED"}
    return resource
