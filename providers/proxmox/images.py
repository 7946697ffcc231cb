"""Images: templates, and the files that guests are created or installed from.

Sources: https://pve.proxmox.com/wiki/VM_Templates_and_Clones,
https://pve.proxmox.com/wiki/Storage
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.cluster_guests import get_cluster_guests, get_pages
from providers.proxmox.drives import GIB, total_bytes
from providers.proxmox.fields import (
    missing,
    required_text,
    to_integer,
    to_options,
    to_text,
    to_time,
)
from providers.proxmox.guest_records import Guest
from providers.proxmox.guests import Reading
from providers.proxmox.storages import Storage, get_storages
from providers.proxmox.tags import to_tags
from skyclust.model.catalog import Architecture
from skyclust.model.resource import Resource, ResourceKind
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

FILES: Final = ("import", "iso", "vztmpl")
"""The kinds of content that are images: disk images, ISO images, container templates."""


def get_images(
    clients: ProxmoxClients, region: str, page_size: int
) -> Iterator[Sequence[Resource]]:
    """Yield templates by VMID, then the files of each storage."""
    doing = f"list images in {region}"
    reader = ItemReader("proxmox", f"images of {region}")
    cluster = get_cluster_guests(clients, region, doing, reader)
    locations = [location for location in cluster.locations if location.template]

    def to_record(reading: Reading) -> Resource:
        return to_template(region, reading.guest())

    for page in get_pages(clients, cluster, locations, page_size, doing):
        yield reader.read(
            page, to_record, region=region, name=lambda reading: reading.location.label
        )
    storages = get_storages(clients, set(FILES), doing, reader=reader, region=region)
    for storage in storages:
        volumes = clients.get_list(storage.path, doing)
        files = reader.read(volumes, _file_reader(region, storage), region=region)
        yield sorted(files, key=lambda file: file.id)
    reader.finish()


def _file_reader(region: str, storage: Storage) -> Callable[[Any], Resource | None]:
    def to_record(volume: Any) -> Resource | None:
        if not isinstance(volume, Mapping):
            raise missing("volid")
        is_file = required_text(volume, "content") in FILES
        return to_file(region, storage, volume) if is_file else None

    return to_record


def to_template(region: str, guest: Guest) -> Resource:
    """Return a template as an inventory resource."""
    config = guest.config
    size = total_bytes(config)
    return Resource(
        provider="proxmox",
        region=region,
        kind=ResourceKind.IMAGE,
        id=str(guest.vmid),
        name=template_name(guest),
        zone=guest.location.node,
        tags=to_tags(to_text(config.get("tags")) or "", guest.metadata.tags),
        created_at=template_created_at(guest),
        attributes={
            "architecture": template_architecture(guest).value,
            "description": guest.description or None,
            "platform": to_text(config.get("ostype")),
            "public": False,
            "size_gib": round(size / GIB, 2) if size is not None else None,
            "virtualization": guest.location.kind,
        },
    )


def template_name(guest: Guest) -> str:
    """Return the name of a template."""
    config = guest.config
    return to_text(config.get("name")) or to_text(config.get("hostname")) or ""


def to_file(region: str, storage: Storage, volume: Mapping[str, Any]) -> Resource:
    """Return a file of a storage as an inventory resource."""
    size, architecture = to_integer(volume.get("size")), architecture_in(file_name(volume))
    return Resource(
        provider="proxmox",
        region=region,
        kind=ResourceKind.IMAGE,
        id=file_id(storage, volume),
        name=file_name(volume),
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
    """Return the id of a file, prefixed by the node for a file on local storage."""
    volid = required_text(volume, "volid")
    return volid if storage.shared else f"{storage.node}/{volid}"


def file_name(volume: Mapping[str, Any]) -> str:
    """Return the name of a file in a storage."""
    return required_text(volume, "volid").rpartition("/")[2]


def architecture_in(name: str) -> Architecture | None:
    """Return the architecture in a name or field; None when it has none."""
    if "arm64" in name or "aarch64" in name:
        return Architecture.ARM64
    return Architecture.X86_64 if "amd64" in name or "x86_64" in name else None


def template_architecture(guest: Guest) -> Architecture:
    """Return the architecture of a template, by default that of the hosts, x86_64."""
    named = architecture_in(to_text(guest.config.get("arch")) or "")
    return named or Architecture.X86_64


def template_created_at(guest: Guest) -> datetime | None:
    """Return when a template was created; None for a container, which has no such field."""
    return to_time(to_options(guest.config.get("meta")).get("ctime"))
