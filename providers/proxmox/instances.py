"""Instances: machines and containers in our words.

Source: https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/qemu/{vmid}/status/current
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

from providers.proxmox.drives import disk_ids
from providers.proxmox.machines import (
    Machine,
    get_machine,
    get_pages,
    get_places,
    to_vmid,
)
from providers.proxmox.sizes import Size
from providers.proxmox.words import to_tags
from skyclust.model.instance import Instance, InstanceState
from skyclust.model.resource import Resource, instance_resource

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

# What runs on a machine decides, whatever its status says meanwhile. Consoles are tasks too,
# and change nothing: what is not here does not count.
TASKS: Final = {
    "qmcreate": InstanceState.PENDING,
    "vzcreate": InstanceState.PENDING,
    "qmstart": InstanceState.PENDING,
    "vzstart": InstanceState.PENDING,
    "qmresume": InstanceState.PENDING,
    "vzresume": InstanceState.PENDING,
    "qmshutdown": InstanceState.STOPPING,
    "vzshutdown": InstanceState.STOPPING,
    "qmstop": InstanceState.STOPPING,
    "vzstop": InstanceState.STOPPING,
    "qmdestroy": InstanceState.DELETING,
    "vzdestroy": InstanceState.DELETING,
    "qmreboot": InstanceState.UPDATING,
    "vzreboot": InstanceState.UPDATING,
    "qmreset": InstanceState.UPDATING,
    "qmconfig": InstanceState.UPDATING,
    "qmmigrate": InstanceState.UPDATING,
    "vzmigrate": InstanceState.UPDATING,
    "qmmove": InstanceState.UPDATING,
    "move_volume": InstanceState.UPDATING,
    "resize": InstanceState.UPDATING,
    "qmrollback": InstanceState.UPDATING,
    "vzrollback": InstanceState.UPDATING,
    "qmsnapshot": InstanceState.UPDATING,
    "vzsnapshot": InstanceState.UPDATING,
    "qmdelsnapshot": InstanceState.UPDATING,
    "vzdelsnapshot": InstanceState.UPDATING,
    "qmsuspend": InstanceState.UPDATING,
    "vzsuspend": InstanceState.UPDATING,
    "qmrestore": InstanceState.UPDATING,
    "vzrestore": InstanceState.UPDATING,
}

# https://git.proxmox.com/?p=qemu-server.git;a=blob;f=src/PVE/QemuServer.pm, `lock`
LOCKS: Final = {
    "clone": InstanceState.PENDING,
    "create": InstanceState.PENDING,
    "suspended": InstanceState.SUSPENDED,
    "destroyed": InstanceState.DELETING,
}

# https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html, RunState; lxc has the first two.
STATES: Final = {
    "running": InstanceState.RUNNING,
    "stopped": InstanceState.STOPPED,
    "paused": InstanceState.SUSPENDED,
    "suspended": InstanceState.SUSPENDED,
    "prelaunch": InstanceState.PENDING,
    "inmigrate": InstanceState.UPDATING,
    "postmigrate": InstanceState.UPDATING,
    "finish-migrate": InstanceState.UPDATING,
    "restore-vm": InstanceState.UPDATING,
    "save-vm": InstanceState.UPDATING,
    "colo": InstanceState.UPDATING,
    "debug": InstanceState.UPDATING,
    "shutdown": InstanceState.STOPPING,
    "io-error": InstanceState.ERROR,
    "internal-error": InstanceState.ERROR,
    "guest-panicked": InstanceState.ERROR,
    "watchdog": InstanceState.ERROR,
}
_MEMORY: Final = re.compile(r"(?:current=)?(\d+)")
_CREATED: Final = re.compile(r"ctime=(\d+)")
DEFAULT_MEMORY_MIB: Final = 512
"""What a machine has whose configuration names none."""


def get_instance(connections: ProxmoxConnections, region: str, instance_id: str) -> Instance:
    """Return one machine as it is now; raises NotFound when there is none, or a template."""
    doing = f"read machine {instance_id} in {region}"
    return to_instance(region, get_machine(connections, to_vmid(instance_id), doing))


def get_instances(
    connections: ProxmoxConnections, region: str, page_size: int
) -> Iterator[Sequence[Resource]]:
    """Yield the machines and containers that are no templates, page by page, by number."""
    doing = f"list machines in {region}"
    places = [place for place in get_places(connections, doing) if not place.template]
    for page in get_pages(connections, places, page_size, doing):
        yield [instance_resource(to_instance(region, machine)) for machine in page]


def to_instance(region: str, machine: Machine) -> Instance:
    """Return a machine in our words."""
    state, native_state = to_state(machine)
    config = machine.config
    network = options_of(config.get("net0", ""))
    return Instance(
        provider="proxmox",
        region=region,
        zone=machine.place.node,
        id=str(machine.vmid),
        name=str(config.get("name") or config.get("hostname") or machine.mark.name or ""),
        state=state,
        native_state=native_state,
        type=to_size_of(machine).name,
        image=machine.mark.image,
        network=network.get("bridge"),
        private_addresses=_addresses(machine),
        tags=to_tags(str(config.get("tags", "")), machine.mark.tags),
        created_at=_created_at(machine),
        attributes=_attributes(machine),
    )


def to_state(machine: Machine) -> tuple[InstanceState, str]:
    """Return a machine's state, and Proxmox VE's own word that it comes from.

    A machine that is locked is busy with what locked it; a word that Proxmox VE adds one day is
    UPDATING.
    """
    if machine.task in TASKS:
        return TASKS[machine.task], machine.task
    if machine.lock:
        return LOCKS.get(machine.lock, InstanceState.UPDATING), machine.lock
    native = str(machine.status.get("qmpstatus") or machine.status.get("status"))
    if not machine.runs:
        native = str(machine.status.get("status"))
    state = STATES.get(native, InstanceState.UPDATING)
    if state is InstanceState.STOPPED and machine.mark.making:
        return InstanceState.PENDING, native
    return state, native


def to_size_of(machine: Machine) -> Size:
    """Return a machine's size, as its configuration says it is now."""
    config = machine.config
    found = _MEMORY.match(str(config.get("memory", DEFAULT_MEMORY_MIB)))
    memory = int(found[1]) if found else DEFAULT_MEMORY_MIB
    if machine.place.kind == "lxc":  # one without a limit may use all of its node
        return Size(int(config.get("cores") or machine.status.get("cpus") or 1), memory)
    return Size(int(config.get("cores", 1)) * int(config.get("sockets", 1)), memory)


def options_of(value: Any) -> dict[str, str]:
    """Return the options of a configuration's value, such as that of a network card."""
    return dict(part.partition("=")[::2] for part in str(value).split(",") if part)


def _addresses(machine: Machine) -> tuple[str, ...]:
    """Return the addresses that are configured; those of DHCP only the machine knows."""
    config = machine.config
    key = "ipconfig0" if machine.place.kind == "qemu" else "net0"
    options = options_of(config.get(key, ""))
    found = (options.get(name, "").partition("/")[0] for name in ("ip", "ip6"))
    return tuple(address for address in found if address not in {"", "dhcp", "auto", "manual"})


def _created_at(machine: Machine) -> datetime | None:
    if machine.mark.created_at is not None:
        return machine.mark.created_at.astimezone(UTC)
    found = _CREATED.search(str(machine.config.get("meta", "")))
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


def _attributes(machine: Machine) -> dict[str, JsonValue]:
    arch: Mapping[str, str] = {"aarch64": "arm64", "arm64": "arm64"}
    return {
        "architecture": arch.get(str(machine.config.get("arch", "")), "x86_64"),
        "disks": [*disk_ids(machine)],
        "platform": machine.config.get("ostype"),
        "pool": machine.place.pool,
        "virtualization": machine.place.kind,
    }
