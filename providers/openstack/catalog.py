"""Images by family: distribution and version, as their properties or their names tell.

Source: https://docs.openstack.org/glance/latest/admin/useful-image-properties.html
(`os_distro`, `os_version`, `architecture`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from providers.openstack.fields import Json, integer, moment, required_id, text
from providers.openstack.flavors import to_architecture
from providers.openstack.paging import get_pages
from skyclust.model.catalog import Architecture, Image
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

CODENAMES: Final = {
    "bionic": "18.04",
    "focal": "20.04",
    "jammy": "22.04",
    "noble": "24.04",
    "bullseye": "11",
    "bookworm": "12",
    "trixie": "13",
}
"""The versions that images are named by instead
(https://wiki.ubuntu.com/Releases, https://www.debian.org/releases/)."""

_DISTRIBUTIONS: Final = (
    ("rockylinux", "rocky"),
    ("rocky", "rocky"),
    ("almalinux", "almalinux"),
    ("centos", "centos"),
    ("debian", "debian"),
    ("fedora", "fedora"),
    ("opensuse", "opensuse"),
    ("rhel", "rhel"),
    ("redhat", "rhel"),
    ("ubuntu", "ubuntu"),
    ("cirros", "cirros"),
)
_VERSION: Final = re.compile(r"(?<![\d.])(\d{1,2}(?:\.\d{1,2})?)(?![\d])")
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def list_images(
    clients: OpenStackClients, region: str, family: str, architecture: Architecture
) -> list[Image]:
    """Return the images of a family that the project may make machines from, the newest first.

    An image of the cloud's own word for a family is found too: one whose name it is.
    """
    pages = get_pages(
        clients,
        region,
        "image",
        "/images",
        "images",
        doing=f"list the images of {family} in {region}",
        params={"status": "active"},
    )
    reader = ItemReader("openstack", f"images of {region}")

    def make(image: Json) -> Image | None:
        fits = _is_usable(image, family) and _architecture(image) is architecture
        return to_image(region, image, family) if fits else None

    found = [one for page in pages for one in reader.read(page, make, region=region)]
    if not found:
        reader.finish()  # what cannot be read may be what is sought
    return sorted(found, key=lambda one: (one.created_at or _NEVER, one.id), reverse=True)


def _is_usable(image: Json, family: str) -> bool:
    required_id(image)
    return (
        family in {to_family(image), image.get("name")}
        and image.get("status") == "active"
        and not image.get("os_hidden")
        and not is_snapshot(image)
    )


def _architecture(image: Json) -> Architecture:
    """Return the architecture of an image; one that tells none is for x86_64, as Nova has it."""
    return to_architecture(image.get("architecture")) or Architecture.X86_64


def is_snapshot(image: Json) -> bool:
    """Return whether an image is what somebody has kept of a server."""
    return image.get("image_type") == "snapshot" or "instance_uuid" in image


def to_image(region: str, image: Json, family: str) -> Image:
    """Return an image as the catalog does."""
    return Image(
        provider="openstack",
        region=region,
        id=required_id(image),
        name=text(image, "name") or required_id(image),
        family=family,
        architecture=_architecture(image),
        created_at=moment(image, "created_at"),
        minimum_disk_gib=integer(image, "min_disk") or 0,
        attributes={
            "minimum_memory_mib": integer(image, "min_ram"),
            "visibility": text(image, "visibility"),
        },
    )


def to_family(image: Json) -> str:
    """Return the house's word for what is in an image; empty where nothing tells.

    A family is `distribution-version`; the version is the major one alone where the
    distribution counts so: `debian-12`, `rocky-9`.
    """
    name = str(image.get("name") or "").lower()
    distribution = _distribution(str(image.get("os_distro") or "").lower()) or _distribution(name)
    told = str(image.get("os_version") or "").lower()
    version = CODENAMES.get(told) or _version(told) or _codename(name) or _version(name)
    if not distribution or not version:
        return ""
    if distribution not in {"ubuntu", "opensuse"}:
        version = version.partition(".")[0]
    return f"{distribution}-{version}"


def _distribution(text: str) -> str:
    compact = re.sub(r"[^a-z]", "", text)
    return next((ours for word, ours in _DISTRIBUTIONS if word in compact), "")


def _version(text: str) -> str:
    found = _VERSION.search(text)
    return found[1] if found else ""


def _codename(name: str) -> str:
    words = re.split(r"[^a-z]+", name)
    return next((version for word, version in CODENAMES.items() if word in words), "")
