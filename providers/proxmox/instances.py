"""VMs and containers as instances.

Source: https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/qemu/{vmid}/status/current
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from providers.proxmox.cluster_guests import get_cluster_guests, get_pages
from providers.proxmox.drives import disk_ids
from providers.proxmox.fields import to_integer, to_number, to_options, to_text, to_time
from providers.proxmox.guest_lists import to_vmid
from providers.proxmox.guest_lookup import get_guest
from providers.proxmox.guest_records import Guest
from providers.proxmox.guests import Reading
from providers.proxmox.interfaces import Interface, to_interfaces
from providers.proxmox.sizes import type_name
from providers.proxmox.states import to_state
from providers.proxmox.tags import to_tags
from providers.proxmox.unique_id import to_unique_id
from skyclust.model.instance import Instance
from skyclust.model.resource import Resource, instance_resource
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

_MEMORY: Final = re.compile(r"(?:current=)?(\d+)(?:,.*)?")
DEFAULT_MEMORY_MIB: Final = 512
"""The API's default for a configuration without `memory`."""

# The names of Proxmox VE, with those that all providers use.
_ARCHITECTURES: Final = {"amd64": "x86_64", "aarch64": "arm64"}
DEFAULT_ARCHITECTURE: Final = "x86_64"
"""The API's default for a container, and the host's for a VM; hosts are Intel 64 or AMD64
(https://pve.proxmox.com/wiki/System_Requirements)."""


def get_instance(clients: ProxmoxClients, region: str, instance_id: str) -> Instance:
    """Return a guest as it is now; raises NotFound when it does not exist or is a template."""
    doing = f"read guest {instance_id} in {region}"
    return to_instance(region, get_guest(clients, to_vmid(instance_id), doing))


def get_instances(
    clients: ProxmoxClients, region: str, page_size: int
) -> Iterator[Sequence[Resource]]:
    """Yield the VMs and containers that are not templates, page by page, by VMID."""
    doing = f"list guests in {region}"
    reader = ItemReader("proxmox", f"guests of {region}")
    cluster = get_cluster_guests(clients, region, doing, reader, with_states=True)
    locations = [location for location in cluster.locations if not location.template]

    def to_record(reading: Reading) -> Resource:
        return instance_resource(to_instance(region, reading.guest()))

    for page in get_pages(clients, cluster, locations, page_size, doing):
        yield reader.read(
            page, to_record, region=region, name=lambda reading: reading.location.label
        )
    reader.finish()


def to_instance(region: str, guest: Guest) -> Instance:
    """Return a guest as an instance; raises UnexpectedAnswer when it has no status."""
    state, native_state = to_state(guest)
    config = guest.config
    interfaces = to_interfaces(config, guest.location.kind)
    name = to_text(config.get("name")) or to_text(config.get("hostname"))
    return Instance(
        provider="proxmox",
        region=region,
        zone=guest.location.node,
        id=str(guest.vmid),
        unique_id=to_unique_id(guest),
        name=name or guest.metadata.name or "",
        state=state,
        native_state=native_state,
        type=to_type(guest),
        image=guest.metadata.image,
        network=interfaces[0].network if interfaces else None,
        private_addresses=tuple(a for card in interfaces for a in card.private_addresses),
        public_addresses=tuple(a for card in interfaces for a in card.public_addresses),
        tags=to_tags(to_text(config.get("tags")) or "", guest.metadata.tags),
        created_at=_created_at(guest),
        attributes=_attributes(guest, interfaces),
    )


def to_type(guest: Guest) -> str:
    """Return the type that has the guest's current size; empty when the size is unknown.

    A container without `cores` may use the cores of its node up to its `cpulimit`, which may be a
    fraction: `0.5c512m`.
    """
    memory = _memory_mib(guest)
    cores = _cores(guest)
    return type_name(cores, memory) if cores and memory else ""


def _memory_mib(guest: Guest) -> int | None:
    memory = guest.config.get("memory")
    if memory is None:
        return DEFAULT_MEMORY_MIB
    match = _MEMORY.fullmatch(to_text(memory) or "")
    return int(match[1]) if match else None


def _cores(guest: Guest) -> float | None:
    config = guest.config
    cores = to_integer(config.get("cores"))
    if guest.location.kind == "lxc":
        return cores or to_number(guest.status.get("cpus"))
    sockets = to_integer(config.get("sockets"))
    # Both are 1 when they are not in the configuration (the API's defaults).
    per_socket = 1 if config.get("cores") is None else cores
    count = 1 if config.get("sockets") is None else sockets
    return per_socket * count if per_socket is not None and count is not None else None


def _created_at(guest: Guest) -> datetime | None:
    if guest.metadata.created_at is not None:
        return guest.metadata.created_at.astimezone(UTC)
    return to_time(to_options(guest.config.get("meta")).get("ctime"))


def _attributes(guest: Guest, interfaces: Sequence[Interface]) -> dict[str, JsonValue]:
    architecture = to_text(guest.config.get("arch")) or DEFAULT_ARCHITECTURE
    return {
        "architecture": _ARCHITECTURES.get(architecture, architecture),
        "cpu_limit": to_number(guest.config.get("cpulimit")) or None,
        "disks": [*disk_ids(guest)],
        "interfaces": [card.attributes for card in interfaces],
        "platform": to_text(guest.config.get("ostype")),
        "pool": guest.location.pool,
        "virtualization": guest.location.kind,
    }
