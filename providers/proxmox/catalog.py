"""Instance types, a range of sizes that fit on the nodes, and the images of a family.

Any other size can be requested by its name, see `sizes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.drives import GIB, total_bytes
from providers.proxmox.fields import missing, to_time
from providers.proxmox.guest_lists import get_cluster_list
from providers.proxmox.guest_records import Guest
from providers.proxmox.guests import Reading, read_templates
from providers.proxmox.images import (
    architecture_in,
    file_id,
    file_name,
    template_architecture,
    template_created_at,
    template_name,
)
from providers.proxmox.regions import check_region, get_nodes
from providers.proxmox.sizes import MIB_PER_GIB, Size
from providers.proxmox.storages import Storage, get_storages
from skyclust.contract import CatalogProvider
from skyclust.model.catalog import Architecture, Image, InstanceType
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

CORES: Final = (1, 2, 4, 8, 16, 32, 64)
GIB_PER_CORE: Final = (1, 2, 4, 8)
"""The ratios that other clouds offer too, from compute-optimized to memory-optimized types."""

ANY_SIZE: Final = "any size"
"""The one family: Proxmox VE has no kinds of hardware to choose from."""

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


class ProxmoxCatalog(CatalogProvider):
    """Sizes that the nodes can hold, and the images that VMs are created from."""

    _clients: ProxmoxClients

    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        """Yield, in one page, the sizes that a node can hold, with those nodes as zones.

        A node offers nothing while it is offline, or when the credential may not see its size.
        """
        check_region(self._clients, region)
        nodes = [
            node
            for node in get_nodes(self._clients, f"list types in {region}")
            if node.online and node.cores is not None and node.memory_mib is not None
        ]
        sizes = [
            Size(cores, cores * ratio * MIB_PER_GIB) for cores in CORES for ratio in GIB_PER_CORE
        ]
        zones = {size: tuple(n.name for n in nodes if n.can_hold(size)) for size in sizes}
        yield [
            InstanceType(
                provider="proxmox",
                region=region,
                name=size.name,
                cores=size.cores,
                memory_mib=size.memory_mib,
                family=ANY_SIZE,
                zones=zones[size],
            )
            for size in sizes
            if zones[size]
        ]

    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        """Return the templates and disk images of a family that VMs are created from.

        The newest comes first. The family is in the name of the template or file: `ubuntu-24.04`,
        `debian-12-hardened`, `noble-server-cloudimg-amd64.img`. Images of containers are left out:
        a container is requested by the id of its image. Images on an offline node are left out,
        because they cannot be used now.
        """
        check_region(self._clients, region)
        doing = f"look for images of {family} in {region}"
        reader = ItemReader("proxmox", f"images of {family} in {region}")
        locations = [
            location
            for location in get_cluster_list(self._clients, doing)
            if location.template and location.kind == "qemu" and location.online
        ]
        images = reader.read(
            read_templates(self._clients, locations, doing),
            _template_reader(region, family),
            region=region,
            name=lambda reading: reading.location.label,
        )
        for storage in get_storages(self._clients, {"import"}, doing, reachable_only=True):
            volumes = self._clients.get_list(storage.path, doing, content="import")
            images += reader.read(volumes, _file_reader(region, family, storage), region=region)
        if not images:  # an item that could not be read may be an image of the family
            reader.finish()
        return sorted(
            (image for image in images if image.architecture is architecture), key=_newest_first
        )


def is_of_family(name: str, family: str) -> bool:
    """Return whether a name is the name of a family, or starts with it, or with its code name."""
    text = name.lower()
    first = re.split(r"[-_.]", text, maxsplit=1)[0]
    if first in _CODENAMES:
        text = _CODENAMES[first]
    rest = text.removeprefix(family.lower())
    return (rest != text and (not rest or rest[0] in "-_")) or text == family.lower()


def _newest_first(image: Image) -> tuple[float, str]:
    return (-image.created_at.timestamp() if image.created_at else 0.0, image.id)


def _template_reader(region: str, family: str) -> Callable[[Reading], Image | None]:
    def to_record(reading: Reading) -> Image | None:
        guest = reading.guest()
        if not is_of_family(template_name(guest), family):
            return None
        return _template_image(region, family, guest)

    return to_record


def _file_reader(region: str, family: str, storage: Storage) -> Callable[[Any], Image | None]:
    def to_record(volume: Any) -> Image | None:
        if not isinstance(volume, Mapping):
            raise missing("volid")
        if not is_of_family(file_name(volume), family):
            return None
        return _file_image(region, family, storage, volume)

    return to_record


def _template_image(region: str, family: str, guest: Guest) -> Image:
    size = total_bytes(guest.config)
    return Image(
        provider="proxmox",
        region=region,
        id=str(guest.vmid),
        name=template_name(guest),
        family=family,
        architecture=template_architecture(guest),
        created_at=template_created_at(guest),
        minimum_disk_gib=-(-size // GIB) if size is not None else None,
    )


def _file_image(region: str, family: str, storage: Storage, volume: Mapping[str, Any]) -> Image:
    return Image(
        provider="proxmox",
        region=region,
        id=file_id(storage, volume),
        name=file_name(volume),
        family=family,
        # Proxmox VE itself runs on x86_64: a file without an architecture in its name has that.
        architecture=architecture_in(file_name(volume)) or Architecture.X86_64,
        created_at=to_time(volume.get("ctime")),
    )
