"""Starting, stopping, rebooting and resizing a machine; and its tags.

Proxmox VE lets one task at a time have a machine, and the second fails after some seconds. What
a machine does now is looked at first, so that nothing that was asked for is forgotten. Changes of
the configuration carry its digest: where another machine has taken the number since the look,
they are refused. Starts and stops have no such precondition; the look stands right before them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

from providers.proxmox.fields import to_text
from providers.proxmox.guests import Machine
from providers.proxmox.instances import to_type
from providers.proxmox.notes import with_mark
from providers.proxmox.regions import get_nodes
from providers.proxmox.sizes import to_size
from providers.proxmox.states import to_state
from providers.proxmox.tags import refuse_tag, to_words
from providers.proxmox.tasks import complete, finish
from providers.proxmox.unique_id import get_same_machine
from skyclust.errors import Conflict, InvalidRequest, SkyClustError
from skyclust.model.instance import Instance, InstanceReference, InstanceState

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


def start_instance(connections: ProxmoxConnections, instance: InstanceReference) -> None:
    """Start a machine, or let a paused one go on; one that runs is left as it is."""
    doing = f"start machine {instance.id} in {instance.region}"
    machine = get_same_machine(connections, instance, doing)
    state, native_state = to_state(machine)
    if state is InstanceState.RUNNING or machine.task in {"qmstart", "vzstart"}:
        return
    if state in _PASSING and not machine.mark.making:
        raise refusal(machine, doing, native_state)
    verb = "resume" if machine.runs and machine.place.kind == "qemu" else "start"
    upid = connections.post(f"{machine.place.path}/status/{verb}", doing)
    complete(connections, upid, doing)


def stop_instance(connections: ProxmoxConnections, instance: InstanceReference) -> None:
    """Ask a machine to shut down, and have it switched off when it does not in a minute.

    The node does both in one task, which goes on whatever becomes of this process.
    """
    doing = f"stop machine {instance.id} in {instance.region}"
    machine = get_same_machine(connections, instance, doing)
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


def reboot_instance(connections: ProxmoxConnections, instance: InstanceReference) -> None:
    """Ask a running machine to shut down and have it started again."""
    doing = f"reboot machine {instance.id} in {instance.region}"
    machine = get_same_machine(connections, instance, doing)
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
    connections: ProxmoxConnections, instance: InstanceReference, instance_type: str
) -> None:
    """Give a machine other cores and memory; one that has them already is left as it is."""
    doing = f"resize machine {instance.id} in {instance.region} to {instance_type}"
    size = to_size(instance_type)
    machine = get_same_machine(connections, instance, doing)
    if to_type(machine) == instance_type:
        return
    state, native_state = to_state(machine)
    is_machine = machine.place.kind == "qemu"
    if state in _PASSING or (is_machine and state is not InstanceState.STOPPED):
        raise refusal(machine, doing, native_state)
    node = next(
        (one for one in get_nodes(connections, doing) if one.name == machine.place.node), None
    )
    if node is not None and not node.can_hold(size):
        raise InvalidRequest(
            f"Could not {doing}: node {node.name} has {node.cores} cores and"
            f" {node.memory_mib} MiB.",
            provider="proxmox",
        )
    changes: dict[str, object] = {"cores": size.cores, "memory": size.memory_mib}
    changes |= machine.precondition
    if is_machine:
        changes["sockets"] = 1
    connections.put(f"{machine.place.path}/config", doing, **changes)


def set_tags(
    connections: ProxmoxConnections,
    instance: InstanceReference,
    tags: Mapping[str, str],
    removed: Collection[str],
) -> None:
    """Set and remove tags; what others changed meanwhile is kept.

    A pair goes into the notes and is shown as a word. Removing a word that shows no pair takes
    the word away.
    """
    doing = f"tag machine {instance.id} in {instance.region}"
    for key, value in tags.items():
        refuse_tag(key, value, doing)
    machine = get_same_machine(connections, instance, doing)
    before = machine.mark.tags
    pairs = {key: value for key, value in before.items() if key not in removed} | dict(tags)
    shown = to_text(machine.config.get("tags")) or ""
    words = [word for word in to_words(shown, before, pairs).split(";") if word]
    gone = set(removed) - set(tags) - set(before)
    kept = ";".join(word for word in words if word not in gone)
    description = with_mark(machine.description, machine.mark.model_copy(update={"tags": pairs}))
    changes: dict[str, object] = {"description": description, **machine.precondition}
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
