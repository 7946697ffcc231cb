"""Starting, stopping, rebooting, resizing and removing a machine; and its tags.

Proxmox VE lets one task at a time have a machine, and the second fails after some seconds. What
a machine does now is looked at first, so that nothing that was asked for is forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from providers.proxmox.instances import to_size_of, to_state
from providers.proxmox.machines import Machine, find_place, get_machine, read_machine, to_vmid
from providers.proxmox.notes import with_mark
from providers.proxmox.regions import get_nodes
from providers.proxmox.sizes import to_size
from providers.proxmox.tasks import complete, finish, tries
from providers.proxmox.words import refuse_tag, to_words
from skyclust.errors import Conflict, InvalidRequest, NotFound, SkyClustError
from skyclust.model.instance import Instance, InstanceState

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

SHUTDOWN_SECONDS: Final = 60
"""How long a machine may take to shut down before it is switched off; a guest without ACPI or
an agent never answers."""

FOLLOWED_SECONDS: Final = 5.0
"""How long a stop or reboot is followed, to tell at once what fails at once."""

_PASSING: Final = frozenset(
    {InstanceState.PENDING, InstanceState.STOPPING, InstanceState.UPDATING, InstanceState.DELETING}
)


def start_instance(connections: ProxmoxConnections, region: str, instance_id: str) -> None:
    """Start a machine, or let a paused one go on; one that runs is left as it is."""
    doing = f"start machine {instance_id} in {region}"
    machine = get_machine(connections, to_vmid(instance_id), doing)
    state, native_state = to_state(machine)
    if state is InstanceState.RUNNING or machine.task in {"qmstart", "vzstart"}:
        return
    if state in _PASSING and not machine.mark.making:
        raise refusal(machine, doing, native_state)
    verb = "resume" if machine.runs and machine.place.kind == "qemu" else "start"
    upid = connections.post(f"{machine.place.path}/status/{verb}", doing)
    complete(connections, upid, doing)


def stop_instance(connections: ProxmoxConnections, region: str, instance_id: str) -> None:
    """Ask a machine to shut down, and have it switched off when it does not in a minute.

    The node does both in one task, which goes on whatever becomes of this process.
    """
    doing = f"stop machine {instance_id} in {region}"
    machine = get_machine(connections, to_vmid(instance_id), doing)
    state, native_state = to_state(machine)
    if state in {InstanceState.STOPPED, InstanceState.STOPPING}:
        return
    if state in _PASSING:
        raise refusal(machine, doing, native_state)
    path = f"{machine.place.path}/status"
    if state is InstanceState.RUNNING:
        asked = {"forceStop": 1, "timeout": SHUTDOWN_SECONDS}
        upid = connections.post(f"{path}/shutdown", doing, **asked)
    else:  # a paused machine cannot shut down, and one in an error does not
        upid = connections.post(f"{path}/stop", doing)
    finish(connections, upid, doing, seconds=FOLLOWED_SECONDS)


def reboot_instance(connections: ProxmoxConnections, region: str, instance_id: str) -> None:
    """Ask a running machine to shut down and have it started again."""
    doing = f"reboot machine {instance_id} in {region}"
    machine = get_machine(connections, to_vmid(instance_id), doing)
    state, native_state = to_state(machine)
    if state is not InstanceState.RUNNING:
        raise refusal(machine, doing, native_state)
    upid = connections.post(f"{machine.place.path}/status/reboot", doing, timeout=SHUTDOWN_SECONDS)
    finish(connections, upid, doing, seconds=FOLLOWED_SECONDS)


def must_stop_to_resize(instance: Instance, instance_type: str) -> bool:
    """Return whether a machine has to be stopped first: containers need not be."""
    if instance.type == instance_type or instance.attributes.get("virtualization") == "lxc":
        return False
    return instance.state is not InstanceState.STOPPED


def resize_instance(
    connections: ProxmoxConnections, region: str, instance_id: str, instance_type: str
) -> None:
    """Give a machine other cores and memory; one that has them already is left as it is."""
    doing = f"resize machine {instance_id} in {region} to {instance_type}"
    size = to_size(instance_type)
    machine = get_machine(connections, to_vmid(instance_id), doing)
    if to_size_of(machine) == size:
        return
    state, native_state = to_state(machine)
    is_machine = machine.place.kind == "qemu"
    if state in _PASSING or (is_machine and state is not InstanceState.STOPPED):
        raise refusal(machine, doing, native_state)
    node = next(
        (one for one in get_nodes(connections, doing) if one.name == machine.place.node), None
    )
    if node is not None and (node.cores < size.cores or node.memory_mib < size.memory_mib):
        raise InvalidRequest(
            f"Could not {doing}: node {node.name} has {node.cores} cores and"
            f" {node.memory_mib} MiB.",
            provider="proxmox",
        )
    changes: dict[str, object] = {"cores": size.cores, "memory": size.memory_mib}
    if is_machine:
        changes["sockets"] = 1
    connections.put(f"{machine.place.path}/config", doing, **changes)


def delete_instance(connections: ProxmoxConnections, region: str, instance_id: str) -> None:
    """Switch a machine off and remove it with all its disks; a gone one is no error.

    One that is still being made is waited for: its disks could not be removed before.
    """
    with suppress(NotFound):
        vmid = to_vmid(instance_id)
        remove_machine(connections, vmid, f"delete machine {instance_id} in {region}")


def remove_machine(connections: ProxmoxConnections, vmid: int, doing: str) -> None:
    """Remove a machine, trying for a minute while it is busy; raises Conflict after that."""
    busy: Conflict | None = None
    for _ in tries():
        place = find_place(connections, vmid, doing)
        if place is None:
            return
        if place.template:
            raise InvalidRequest(
                f"Could not {doing}: it is a template.",
                hint="Templates are removed at the cluster itself.",
                provider="proxmox",
            )
        try:
            _remove(connections, read_machine(connections, place, doing), doing)
        except NotFound:
            return
        except Conflict as error:
            busy = error
        else:
            return
    if busy is not None:
        raise busy


def _remove(connections: ProxmoxConnections, machine: Machine, doing: str) -> None:
    path = machine.place.path
    if machine.lock in {"create", "clone"}:
        raise refusal(machine, doing, machine.lock)
    if machine.runs:
        # Stops at once what a shutdown would take a minute for, and ends that shutdown.
        upid = connections.post(f"{path}/status/stop", doing, **{"overrule-shutdown": 1})
        complete(connections, upid, doing)
    asked = {"purge": 1, "destroy-unreferenced-disks": 1}
    finish(connections, connections.delete(path, doing, **asked), doing)


def set_tags(
    connections: ProxmoxConnections,
    region: str,
    instance_id: str,
    tags: Mapping[str, str],
    removed: Collection[str],
) -> None:
    """Set and remove tags; what others changed meanwhile is kept.

    A pair goes into the notes and is shown as a word. Removing a word that shows no pair takes
    the word away.
    """
    doing = f"tag machine {instance_id} in {region}"
    for key, value in tags.items():
        refuse_tag(key, value, doing)
    machine = get_machine(connections, to_vmid(instance_id), doing)
    before = machine.mark.tags
    pairs = {key: value for key, value in before.items() if key not in removed} | dict(tags)
    shown = str(machine.config.get("tags", ""))
    words = [word for word in to_words(shown, before, pairs).split(";") if word]
    gone = set(removed) - set(tags) - set(before)
    kept = ";".join(word for word in words if word not in gone)
    description = with_mark(machine.description, machine.mark.model_copy(update={"tags": pairs}))
    changes: dict[str, object] = {"description": description, "digest": machine.config["digest"]}
    if kept:
        changes["tags"] = kept
    elif shown:
        changes["delete"] = "tags"
    connections.put(f"{machine.place.path}/config", doing, **changes)


def refusal(machine: Machine, doing: str, native_state: str) -> SkyClustError:
    """Return the error for a change that the machine's state does not allow."""
    state, _ = to_state(machine)
    if state in _PASSING:
        return Conflict(
            f"Could not {doing}: it is {native_state} just now.",
            hint="" if machine.task else "Is the lock left over? Free it: `qm unlock VMID`.",
            provider="proxmox",
            code=native_state,
        )
    return InvalidRequest(
        f"Could not {doing}: it is {native_state}.", provider="proxmox", code=native_state
    )
