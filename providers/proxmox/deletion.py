"""Deleting a guest with its disks.

VMIDs are reused, and Proxmox VE accepts no precondition for a deletion. So the proof of identity
is checked before the first request, and again immediately before the deletion: powering off may
have taken a minute. Between that check and the deletion some milliseconds remain in which
somebody could replace the guest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.proxmox.guest_records import Guest
from providers.proxmox.guests import read_config, with_config
from providers.proxmox.state_errors import state_error
from providers.proxmox.tasks import attempts, complete_task, wait_for_task
from providers.proxmox.unique_id import find_same_guest, require_same
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients


def delete_instance(clients: ProxmoxClients, instance: InstanceReference) -> None:
    """Power a guest off and delete it with all its disks; a deleted guest is no error.

    Waits until a guest that is being created is complete: its disks could not be deleted before.
    Tries for a minute while the guest is busy, then raises Conflict. Raises NotFound when another
    guest has its VMID, and InvalidRequest for a template.
    """
    doing = f"delete guest {instance.id} in {instance.region}"
    busy: Conflict | None = None
    for _ in attempts():
        guest = find_same_guest(clients, instance, doing)
        if guest is None:
            return
        if guest.location.template:
            raise InvalidRequest(
                f"Could not {doing}: it is a template.",
                hint="Delete templates at the cluster itself.",
                provider="proxmox",
            )
        try:
            _delete(clients, instance, guest, doing)
        except NotFound:  # it moved, or was deleted or replaced meanwhile: read it again
            continue
        except Conflict as error:
            busy = error
        else:
            return
    raise busy or Conflict(
        f"Could not {doing}: it is moving between nodes.",
        hint="Repeat the request.",
        provider="proxmox",
    )


def _delete(clients: ProxmoxClients, instance: InstanceReference, guest: Guest, doing: str) -> None:
    path = guest.location.path
    if guest.lock in {"create", "clone"}:
        raise state_error(guest, doing, guest.lock)
    if guest.runs:
        # Powers off at once, and aborts a shutdown that is in progress.
        upid = clients.post(f"{path}/status/stop", doing, **{"overrule-shutdown": 1})
        complete_task(clients, upid, doing)
    config = read_config(clients, guest.location, doing)
    require_same(instance, with_config(guest, config), doing)
    parameters = {"purge": 1, "destroy-unreferenced-disks": 1}
    wait_for_task(clients, clients.delete(path, doing, **parameters), doing)
