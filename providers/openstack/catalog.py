"""Catalog: flavors as instance types, and images by family (distribution and version).

The family of an image follows from its properties `os_distro` and `os_version`, or from its name.
Source: https://docs.openstack.org/glance/latest/admin/useful-image-properties.html
(`os_distro`, `os_version`, `architecture`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from providers.openstack.errors import openstack_errors
from providers.openstack.fields import Json, integer, required_id, text, timestamp
from providers.openstack.flavors import get_flavor_pages, to_architecture, to_instance_type
from providers.openstack.paging import get_pages
from skyclust.contract import CatalogProvider
from skyclust.model.catalog import Architecture, Image, InstanceType
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
"""The versions of release codenames, which image names may have in place of a version
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
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class OpenStackCatalog(CatalogProvider):
    """Lists the flavors and images that servers can be created from."""

    _clients: OpenStackClients

    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        """Yield the flavors that the project may use, page by page, each name once."""
        names: set[str] = set()
        reader = ItemReader("openstack", f"flavors of {region}")

        def convert(flavor: Json) -> InstanceType | None:
            instance_type = to_instance_type(region, flavor)
            if instance_type.name in names:
                return None
            names.add(instance_type.name)
            return instance_type

        for page in get_flavor_pages(self._clients, region):
            yield reader.read(page, convert, region=region)
        reader.finish()

    @openstack_errors("list images")
    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        """Return the images of a family, own, shared and public ones, the newest first.

        `family` may also be the name of an image.
        """
        pages = get_pages(
            self._clients,
            region,
            "image",
            "/images",
            "images",
            doing=f"list the images of {family} in {region}",
            params={"status": "active"},
        )
        reader = ItemReader("openstack", f"images of {region}")

        def convert(image: Json) -> Image | None:
            matches = _is_usable(image, family) and _architecture(image) is architecture
            return to_image(region, image, family) if matches else None

        images = [one for page in pages for one in reader.read(page, convert, region=region)]
        if not images:
            reader.finish()  # an image that cannot be read may be one of the family
        return sorted(images, key=lambda one: (one.created_at or _EPOCH, one.id), reverse=True)


def _is_usable(image: Json, family: str) -> bool:
    required_id(image)
    return (
        family in {to_family(image), image.get("name")}
        and image.get("status") == "active"
        and not image.get("os_hidden")
        and not is_snapshot(image)
    )


def _architecture(image: Json) -> Architecture:
    """Return the architecture of an image; x86_64 by default, as in Nova."""
    return to_architecture(image.get("architecture")) or Architecture.X86_64


def is_snapshot(image: Json) -> bool:
    """Return whether an image is a snapshot of a server."""
    return image.get("image_type") == "snapshot" or "instance_uuid" in image


def to_image(region: str, image: Json, family: str) -> Image:
    """Return an image of Glance as an image of the catalog."""
    return Image(
        provider="openstack",
        region=region,
        id=required_id(image),
        name=text(image, "name") or required_id(image),
        family=family,
        architecture=_architecture(image),
        created_at=timestamp(image, "created_at"),
        minimum_disk_gib=integer(image, "min_disk") or 0,
        attributes={
            "minimum_memory_mib": integer(image, "min_ram"),
            "visibility": text(image, "visibility"),
        },
    )


def to_family(image: Json) -> str:
    """Return the family of an image, `distribution-version`; empty when it is unknown.

    The version is the major version alone, except for distributions that release with a minor
    one: `debian-12`, `rocky-9`, `ubuntu-24.04`.
    """
    name = str(image.get("name") or "").lower()
    distribution = _distribution(str(image.get("os_distro") or "").lower()) or _distribution(name)
    os_version = str(image.get("os_version") or "").lower()
    version = CODENAMES.get(os_version) or _version(os_version) or _codename(name) or _version(name)
    if not distribution or not version:
        return ""
    if distribution not in {"ubuntu", "opensuse"}:
        version = version.partition(".")[0]
    return f"{distribution}-{version}"


def _distribution(text: str) -> str:
    compact = re.sub(r"[^a-z]", "", text)
    return next((family for part, family in _DISTRIBUTIONS if part in compact), "")


def _version(text: str) -> str:
    match = _VERSION.search(text)
    return match[1] if match else ""


def _codename(name: str) -> str:
    parts = re.split(r"[^a-z]+", name)
    return next((version for codename, version in CODENAMES.items() if codename in parts), "")
