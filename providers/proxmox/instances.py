"""Instances: machines and containers in our words.

Source: https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/qemu/{vmid}/status/current
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from providers.proxmox.cluster_guests import get_pages, survey
from providers.proxmox.drives import disk_ids
from providers.proxmox.fields import options_of, to_integer, to_number, to_text, to_time
from providers.proxmox.guest_lists import to_vmid
from providers.proxmox.guest_lookup import get_machine
from providers.proxmox.guests import Machine, Reading
from providers.proxmox.interfaces import Interface, to_interfaces
from providers.proxmox.sizes import type_name
from providers.proxmox.states import to_state
from providers.proxmox.tags import to_tags
from providers.proxmox.unique_id import to_unique_id
from skyclust.model.instance import Instance
from skyclust.model.resource import Resource, instance_resource
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

_MEMORY: Final = re.compile(r"(?:current=)?(\d+)(?:,.*)?")
DEFAULT_MEMORY_MIB: Final = 512
"""What a machine has whose configuration names none (the API's default)."""

# The words of the other clouds for those of Proxmox VE.
_ARCHITECTURES: Final = {"amd64": "x86_64", "aarch64": "arm64"}
DEFAULT_ARCHITECTURE: Final = "x86_64"
"""Of a container by the API, of a machine by its host; hosts are Intel 64 or AMD64
(https://pve.proxmox.com/wiki/System_Requirements)."""


def get_instance(connections: ProxmoxConnections, region: str, instance_id: str) -> Instance:
    """Return one machine as it is now; raises NotFound when there is none, or a template."""
    doing = f"read machine {instance_id} in {region}"
    return to_instance(region, get_machine(connections, to_vmid(instance_id), doing))


def get_instances(
    connections: ProxmoxConnections, region: str, page_size: int
) -> Iterator[Sequence[Resource]]:
    """Yield the machines and containers that are no templates, page by page, by number."""
    doing = f"list machines in {region}"
    reader = ItemReader("proxmox", f"machines of {region}")
    cluster = survey(connections, region, doing, reader, with_states=True)
    places = [place for place in cluster.places if not place.template]

    def to_record(reading: Reading) -> Resource:
        return instance_resource(to_instance(region, reading.machine()))

    for page in get_pages(connections, cluster, places, page_size, doing):
        yield reader.read(page, to_record, region=region, name=lambda one: one.place.word)
    reader.finish()


def to_instance(region: str, machine: Machine) -> Instance:
    """Return a machine in our words; raises UnexpectedAnswer for one without a status."""
    state, native_state = to_state(machine)
    config = machine.config
    interfaces = to_interfaces(config, machine.place.kind)
    name = to_text(config.get("name")) or to_text(config.get("hostname"))
    return Instance(
        provider="proxmox",
        region=region,
        zone=machine.place.node,
        id=str(machine.vmid),
        unique_id=to_unique_id(machine),
        name=name or machine.mark.name or "",
        state=state,
        native_state=native_state,
        type=to_type(machine),
        image=machine.mark.image,
        network=interfaces[0].network if interfaces else None,
        private_addresses=tuple(text for one in interfaces for text in one.private_addresses),
        public_addresses=tuple(text for one in interfaces for text in one.public_addresses),
        tags=to_tags(to_text(config.get("tags")) or "", machine.mark.tags),
        created_at=_created_at(machine),
        attributes=_attributes(machine, interfaces),
    )


def to_type(machine: Machine) -> str:
    """Return a machine's size, as its configuration says it is now; empty when it tells none.

    A container without cores may use those of its node, or as much of them as its limit says,
    which may be a fraction: `0.5c512m`.
    """
    memory = _memory_mib(machine)
    cores = _cores(machine)
    return type_name(cores, memory) if cores and memory else ""


def _memory_mib(machine: Machine) -> int | None:
    told = machine.config.get("memory")
    if told is None:
        return DEFAULT_MEMORY_MIB
    found = _MEMORY.fullmatch(to_text(told) or "")
    return int(found[1]) if found else None


def _cores(machine: Machine) -> float | None:
    config = machine.config
    cores = to_integer(config.get("cores"))
    if machine.place.kind == "lxc":
        return cores or to_number(machine.status.get("cpus"))
    sockets = to_integer(config.get("sockets"))
    # One of each where the configuration names none (the API's defaults).
    per_socket = 1 if config.get("cores") is None else cores
    count = 1 if config.get("sockets") is None else sockets
    return per_socket * count if per_socket is not None and count is not None else None


def _created_at(machine: Machine) -> datetime | None:
    if machine.mark.created_at is not None:
        return machine.mark.created_at.astimezone(UTC)
    return to_time(options_of(machine.config.get("meta")).get("ctime"))


def _attributes(machine: Machine, interfaces: Sequence[Interface]) -> dict[str, JsonValue]:
    architecture = to_text(machine.config.get("arch")) or DEFAULT_ARCHITECTURE
    return {
        "architecture": _ARCHITECTURES.get(architecture, architecture),
        "cpu_limit": to_number(machine.config.get("cpulimit")) or None,
        "disks": [*disk_ids(machine)],
        "interfaces": [one.attributes for one in interfaces],
        "platform": to_text(machine.config.get("ostype")),
        "pool": machine.place.pool,
        "virtualization": machine.place.kind,
    }
