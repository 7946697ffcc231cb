"""Images: templates, and files that machines, containers or installations are made from.

Sources: https://pve.proxmox.com/wiki/VM_Templates_and_Clones,
https://pve.proxmox.com/wiki/Storage
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.cluster_guests import get_pages, survey
from providers.proxmox.drives import GIB, total_bytes
from providers.proxmox.fields import (
    missing,
    options_of,
    required_text,
    to_integer,
    to_text,
    to_time,
)
from providers.proxmox.guest_lists import get_listed
from providers.proxmox.guests import Machine, Reading, read_templates
from providers.proxmox.storages import Storage, get_storages
from providers.proxmox.tags import to_tags
from skyclust.model.catalog import Architecture, Image
from skyclust.model.resource import Resource, ResourceKind
from skyclust.providerkit.items import ItemReader

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
    reader = ItemReader("proxmox", f"images of {region}")
    cluster = survey(connections, region, doing, reader)
    places = [place for place in cluster.places if place.template]

    def to_record(reading: Reading) -> Resource:
        return to_template(region, reading.machine())

    for page in get_pages(connections, cluster, places, page_size, doing):
        yield reader.read(page, to_record, region=region, name=lambda one: one.place.word)
    storages = get_storages(connections, set(FILES), doing, reader=reader, region=region)
    for storage in storages:
        held = connections.get_list(storage.path, doing)
        files = reader.read(held, _file_reader(region, storage), region=region)
        yield sorted(files, key=lambda file: file.id)
    reader.finish()


def _file_reader(region: str, storage: Storage) -> Callable[[Any], Resource | None]:
    def to_record(volume: Any) -> Resource | None:
        if not isinstance(volume, Mapping):
            raise missing("volid")
        is_file = required_text(volume, "content") in FILES
        return to_file(region, storage, volume) if is_file else None

    return to_record


def to_template(region: str, machine: Machine) -> Resource:
    """Return a template as an inventory resource."""
    config = machine.config
    size = total_bytes(config)
    return Resource(
        provider="proxmox",
        region=region,
        kind=ResourceKind.IMAGE,
        id=str(machine.vmid),
        name=template_name(machine),
        zone=machine.place.node,
        tags=to_tags(to_text(config.get("tags")) or "", machine.mark.tags),
        created_at=_created_at(machine),
        attributes={
            "architecture": _architecture(machine).value,
            "description": machine.description or None,
            "platform": to_text(config.get("ostype")),
            "public": False,
            "size_gib": round(size / GIB, 2) if size is not None else None,
            "virtualization": machine.place.kind,
        },
    )


def template_name(machine: Machine) -> str:
    """Return the name of a template."""
    config = machine.config
    return to_text(config.get("name")) or to_text(config.get("hostname")) or ""


def to_file(region: str, storage: Storage, volume: Mapping[str, Any]) -> Resource:
    """Return a file of a storage as an inventory resource."""
    size, architecture = to_integer(volume.get("size")), _named_architecture(_file_name(volume))
    return Resource(
        provider="proxmox",
        region=region,
        kind=ResourceKind.IMAGE,
        id=file_id(storage, volume),
        name=_file_name(volume),
        zone=None if storage.shared else storage.node,
        created_at=to_time(volume.get("ctime")),
        attributes={
            "architecture": architecture.value if architecture else None,
            "description": to_text(volume.get("notes")),
            "platform": to_text(volume.get("content")),
            "public": False,
            "size_gib": round(size / GIB, 2) if size is not None else None,
            "storage": storage.name,
        },
    )


def file_id(storage: Storage, volume: Mapping[str, Any]) -> str:
    """Return the id of a file, with the node before it where each node has its own."""
    volid = required_text(volume, "volid")
    return volid if storage.shared else f"{storage.node}/{volid}"


def _file_name(volume: Mapping[str, Any]) -> str:
    return required_text(volume, "volid").rpartition("/")[2]


def list_images(
    connections: ProxmoxConnections, region: str, family: str, architecture: Architecture
) -> list[Image]:
    """Return the templates and disk images of a family that machines are made of, newest first.

    What a template or file is of, its name tells: `ubuntu-24.04`, `debian-12-hardened`,
    `noble-server-cloudimg-amd64.img`. Those of containers are none: a container is asked for
    by the id of its image. What is on an offline node cannot be used now, and is left out.
    """
    doing = f"look for images of {family} in {region}"
    reader = ItemReader("proxmox", f"images of {family} in {region}")
    templates = [place for place in get_listed(connections, doing) if place.template]
    places = [place for place in templates if place.kind == "qemu" and place.online]
    readings = read_templates(connections, places, doing)
    read = _template_reader(region, family)
    found = reader.read(readings, read, region=region, name=lambda one: one.place.word)
    for storage in get_storages(connections, {"import"}, doing, reachable_only=True):
        held = connections.get_list(storage.path, doing, content="import")
        found += reader.read(held, _image_reader(region, family, storage), region=region)
    if not found:  # then what cannot be read may be the one that is looked for
        reader.finish()
    fitting = [image for image in found if image.architecture is architecture]
    return sorted(fitting, key=_newest_first)


def _template_reader(region: str, family: str) -> Callable[[Reading], Image | None]:
    def to_record(reading: Reading) -> Image | None:
        machine = reading.machine()
        return to_image(region, family, machine) if _is_of(family, machine) else None

    return to_record


def _image_reader(region: str, family: str, storage: Storage) -> Callable[[Any], Image | None]:
    def to_record(volume: Any) -> Image | None:
        if not isinstance(volume, Mapping):
            raise missing("volid")
        if not is_of_family(_file_name(volume), family):
            return None
        return _file_image(region, family, storage, volume)

    return to_record


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
    size = total_bytes(machine.config)
    return Image(
        provider="proxmox",
        region=region,
        id=str(machine.vmid),
        name=template_name(machine),
        family=family,
        architecture=_architecture(machine),
        created_at=_created_at(machine),
        minimum_disk_gib=-(-size // GIB) if size is not None else None,
    )


def _file_image(region: str, family: str, storage: Storage, volume: Mapping[str, Any]) -> Image:
    return Image(
        provider="proxmox",
        region=region,
        id=file_id(storage, volume),
        name=_file_name(volume),
        family=family,
        # Proxmox VE itself runs on x86_64: a file that says nothing is meant for that.
        architecture=_named_architecture(_file_name(volume)) or Architecture.X86_64,
        created_at=to_time(volume.get("ctime")),
    )


def _named_architecture(name: str) -> Architecture | None:
    """Return the architecture that the name of a file tells, None when it tells none."""
    if "arm64" in name or "aarch64" in name:
        return Architecture.ARM64
    return Architecture.X86_64 if "amd64" in name or "x86_64" in name else None


def _architecture(machine: Machine) -> Architecture:
    """Return the architecture of a template; without one it has that of the hosts, x86_64."""
    named = _named_architecture(to_text(machine.config.get("arch")) or "")
    return named or Architecture.X86_64


def _created_at(machine: Machine) -> datetime | None:
    return to_time(options_of(machine.config.get("meta")).get("ctime"))
