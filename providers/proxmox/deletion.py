"""Removing a machine with all that is its own, and what one left that is gone.

The number of a machine is given again, and Proxmox VE takes no precondition for a removal. So the
proof of identity is looked at before anything is asked for, and once more right before the
removal: switching off may have taken a minute. Between that last look and the removal some
milliseconds remain in which the machine could be replaced by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from providers.proxmox.compute import refusal
from providers.proxmox.disks import CONTENT, get_holders
from providers.proxmox.drives import disk_id
from providers.proxmox.fields import required_text, to_integer
from providers.proxmox.guest_lists import is_taken, to_vmid
from providers.proxmox.guest_lookup import find_machine
from providers.proxmox.guests import Machine, read_config, with_config
from providers.proxmox.storages import Storage, get_storages
from providers.proxmox.tasks import complete, finish, tries
from providers.proxmox.unique_id import find_same_machine, require_same
from providers.proxmox.vmids import FIRST_NUMBER
from skyclust.errors import Conflict, InvalidRequest, NotFound, PermissionDenied
from skyclust.model.instance import InstanceReference

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections


def delete_instance(connections: ProxmoxConnections, instance: InstanceReference) -> None:
    """Switch a machine off and remove it with all its disks; a gone one is no error.

    One that is still being made is waited for: its disks could not be removed before. Tries for a
    minute while the machine is busy and raises Conflict after that; raises NotFound when another
    machine has its number, and InvalidRequest for a template.
    """
    doing = f"delete machine {instance.id} in {instance.region}"
    busy: Conflict | None = None
    for _ in tries():
        machine = find_same_machine(connections, instance, doing)
        if machine is None:
            return
        if machine.place.template:
            raise InvalidRequest(
                f"Could not {doing}: it is a template.",
                hint="Templates are removed at the cluster itself.",
                provider="proxmox",
            )
        try:
            _remove(connections, instance, machine, doing)
        except NotFound:  # it moved, ended or was replaced meanwhile: the next look tells
            continue
        except Conflict as error:
            busy = error
        else:
            return
    raise busy or Conflict(
        f"Could not {doing}: it is moving between nodes.", hint="Ask again.", provider="proxmox"
    )


def _remove(
    connections: ProxmoxConnections, instance: InstanceReference, machine: Machine, doing: str
) -> None:
    path = machine.place.path
    if machine.lock in {"create", "clone"}:
        raise refusal(machine, doing, machine.lock)
    if machine.runs:
        # Stops at once what a shutdown would take a minute for, and ends that shutdown.
        upid = connections.post(f"{path}/status/stop", doing, **{"overrule-shutdown": 1})
        complete(connections, upid, doing)
    config = read_config(connections, machine.place, doing)
    require_same(instance, with_config(machine, config), doing)
    asked = {"purge": 1, "destroy-unreferenced-disks": 1}
    finish(connections, connections.delete(path, doing, **asked), doing)


def remove_leftovers(connections: ProxmoxConnections, instance: InstanceReference) -> None:
    """Remove the volumes that a machine left that SkyClust made and that is gone.

    A removal takes along what the storages show; what was on one that was off then is left. Only
    the numbers that are made from tokens tell whose a volume is: at others anybody may have put
    one there for a machine to come. Nothing is removed while a machine has the number, or has
    the volume in a drive. Raises PermissionDenied, naming the volumes, without the privilege.
    """
    doing = f"remove what machine {instance.id} in {instance.region} left"
    try:
        vmid = to_vmid(instance.id)
    except NotFound:
        return
    if vmid < FIRST_NUMBER or find_machine(connections, vmid, doing) is not None:
        return
    left = list(_volumes_of(connections, vmid, doing))
    if not left:
        return
    holders = get_holders(connections, instance.region, doing)
    for storage, volid in left:
        shared = frozenset({storage.name} if storage.shared else ())
        if holders.of(disk_id(volid, storage.node, shared)):
            continue
        if is_taken(connections, vmid, doing):  # meanwhile: it may be the volume of that one
            return
        _free(connections, storage, volid, doing)


def _volumes_of(
    connections: ProxmoxConnections, vmid: int, doing: str
) -> Iterator[tuple[Storage, str]]:
    for storage in get_storages(connections, set(CONTENT), doing, reachable_only=True):
        for one in connections.get_list(storage.path, doing, vmid=vmid):
            if not isinstance(one, Mapping) or to_integer(one.get("vmid")) != vmid:
                continue
            if one.get("content") in CONTENT:
                yield storage, required_text(one, "volid")


def _free(connections: ProxmoxConnections, storage: Storage, volid: str, doing: str) -> None:
    try:
        with suppress(NotFound):
            finish(connections, connections.delete(f"{storage.path}/{volid}", doing), doing)
    except PermissionDenied as error:
        raise PermissionDenied(
            f"Could not {doing}: {volid} on {storage.node} may not be removed.",
            hint=f"Remove it at the node, `pvesm free {volid}`, or give Datastore.Allocate on"
            f" /storage/{storage.name}.",
            provider="proxmox",
            code=error.code,
        ) from error
