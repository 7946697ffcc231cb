"""Images: templates, and files that machines, containers or installations are made from.

Sources: https://pve.proxmox.com/wiki/VM_Templates_and_Clones,
https://pve.proxmox.com/wiki/Storage
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.drives import GIB, drives
from providers.proxmox.instances import options_of
from providers.proxmox.machines import Machine, get_pages, get_places
from providers.proxmox.storages import Storage, get_storages
from providers.proxmox.words import to_tags
from skyclust.model.catalog import Architecture, Image
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

FILES: Final = ("import", "iso", "vztmpl")
"""The content of storages that counts as images, `import` being disk images."""

_CODENAMES: Final[Mapping[str, str]] = {
    "bionic": "ubuntu-18.04",
    "focal": "ubuntu-20.04",
    "jammy": "ubuntu-22.04",
    "noble": "ubuntu-24.04",
    "bullseye": "debian-11",
    "bookworm": "debian-12",
    "trixie": "debian-13",
}
"""https://wiki.ubuntu.com/Releases, https://www.debian.org/releases/"""


def get_images(
    connections: ProxmoxConnections, region: str, page_size: int
) -> Iterator[Sequence[Resource]]:
    """Yield templates by number, then the files of each storage."""
    doing = f"list images in {region}"
    places = [place for place in get_places(connections, doing) if place.template]
    for page in get_pages(connections, places, page_size, doing):
        yield [to_template(region, machine) for machine in page]
    for storage in get_storages(connections, set(FILES), doing):
        held = connections.get(storage.path, doing)
        files = sorted((one for one in held if one["content"] in FILES), key=_by_volume)
        yield [to_file(region, storage, one) for one in files]


def _by_volume(volume: Mapping[str, Any]) -> str:
    return str(volume["volid"])


def to_template(region: str, machine: Machine) -> Resource:
    """Return a template as an inventory resource."""
    config = machine.config
    size = sum(drive.size for drive in drives(config))
    return Resource(
        provider="proxmox",
        region=region,
        kind=ResourceKind.IMAGE,
        id=str(machine.vmid),
        name=template_name(machine),
        zone=machine.place.node,
        tags=to_tags(str(config.get("tags", "")), machine.mark.tags),
        created_at=_created_at(machine),
        attributes={
            "architecture": _architecture(machine).value,
            "description": machine.description or None,
            "platform": config.get("ostype"),
            "public": False,
            "size_gib": round(size / GIB, 2),
            "virtualization": machine.place.kind,
        },
    )


def template_name(machine: Machine) -> str:
    """Return the name of a template."""
    return str(machine.config.get("name") or machine.config.get("hostname") or "")


def to_file(region: str, storage: Storage, volume: Mapping[str, Any]) -> Resource:
    """Return a file of a storage as an inventory resource."""
    ctime = volume.get("ctime")
    return Resource(
        provider="proxmox",
        region=region,
        kind=ResourceKind.IMAGE,
        id=file_id(storage, volume),
        name=_file_name(volume),
        zone=None if storage.shared else storage.node,
        created_at=datetime.fromtimestamp(int(ctime), UTC) if ctime else None,
        attributes={
            "architecture": "arm64" if _is_arm(_file_name(volume)) else "x86_64",
            "description": volume.get("notes") or None,
            "platform": str(volume["content"]),
            "public": False,
            "size_gib": round(int(volume.get("size", 0)) / GIB, 2),
            "storage": storage.name,
        },
    )


def file_id(storage: Storage, volume: Mapping[str, Any]) -> str:
    """Return the id of a file, with the node before it where each node has its own."""
    volid = str(volume["volid"])
    return volid if storage.shared else f"{storage.node}/{volid}"


def _file_name(volume: Mapping[str, Any]) -> str:
    return str(volume["volid"]).rpartition("/")[2]


def list_images(
    connections: ProxmoxConnections, region: str, family: str, architecture: Architecture
) -> list[Image]:
    """Return the templates and disk images of a family that machines are made of, newest first.

    What a template or file is of, its name tells: `ubuntu-24.04`, `debian-12-hardened`,
    `noble-server-cloudimg-amd64.img`. Those of containers are none: a container is asked for
    by the id of its image. What is on an offline node cannot be used now, and is left out.
    """
    doing = f"look for images of {family} in {region}"
    templates = [place for place in get_places(connections, doing) if place.template]
    places = [place for place in templates if place.kind == "qemu" and place.online]
    found: list[Image] = []
    for page in get_pages(connections, places, 100, doing):
        found += [to_image(region, family, machine) for machine in page if _is_of(family, machine)]
    for storage in get_storages(connections, {"import"}, doing, reachable_only=True):
        for one in connections.get(storage.path, doing, content="import"):
            if is_of_family(_file_name(one), family):
                found.append(_file_image(region, family, storage, one))
    fitting = [image for image in found if image.architecture is architecture]
    return sorted(fitting, key=_newest_first)


def _newest_first(image: Image) -> tuple[float, str]:
    return (-image.created_at.timestamp() if image.created_at else 0.0, image.id)


def _is_of(family: str, machine: Machine) -> bool:
    return is_of_family(template_name(machine), family)


def is_of_family(name: str, family: str) -> bool:
    """Return whether a name is that of a family, alone or with more behind it."""
    text = name.lower()
    first = re.split(r"[-_.]", text, maxsplit=1)[0]
    if first in _CODENAMES:
        text = _CODENAMES[first]
    rest = text.removeprefix(family.lower())
    return (rest != text and (not rest or rest[0] in "-_")) or text == family.lower()


def to_image(region: str, family: str, machine: Machine) -> Image:
    """Return a template as an image that machines can be made from."""
    size = sum(drive.size for drive in drives(machine.config))
    return Image(
        provider="proxmox",
        region=region,
        id=str(machine.vmid),
        name=template_name(machine),
        family=family,
        architecture=_architecture(machine),
        created_at=_created_at(machine),
        minimum_disk_gib=-(-size // GIB),
    )


def _file_image(region: str, family: str, storage: Storage, volume: Mapping[str, Any]) -> Image:
    ctime = volume.get("ctime")
    return Image(
        provider="proxmox",
        region=region,
        id=file_id(storage, volume),
        name=_file_name(volume),
        family=family,
        architecture=Architecture.ARM64 if _is_arm(_file_name(volume)) else Architecture.X86_64,
        created_at=datetime.fromtimestamp(int(ctime), UTC) if ctime else None,
    )


def _is_arm(name: str) -> bool:
    return "arm64" in name or "aarch64" in name


def _architecture(machine: Machine) -> Architecture:
    is_arm = _is_arm(str(machine.config.get("arch", "")))
    return Architecture.ARM64 if is_arm else Architecture.X86_64


def _created_at(machine: Machine) -> datetime | None:
    ctime = options_of(machine.config.get("meta", "")).get("ctime")
    return datetime.fromtimestamp(int(ctime), UTC) if ctime else None
