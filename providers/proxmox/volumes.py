"""Deleting volumes of storages.

Source: https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/storage/{storage}/content/{volume}
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from providers.proxmox.storages import Storage
from providers.proxmox.tasks import wait_for_task
from skyclust.errors import NotFound, PermissionDenied

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients


def delete_volume(clients: ProxmoxClients, storage: Storage, volid: str, doing: str) -> None:
    """Delete a volume; a deleted one is no error.

    Raises PermissionDenied, naming the volume, when the credential lacks the privilege.
    """
    try:
        with suppress(NotFound):
            wait_for_task(clients, clients.delete(f"{storage.path}/{volid}", doing), doing)
    except PermissionDenied as error:
        raise PermissionDenied(
            f"Could not {doing}: {volid} on {storage.node} may not be removed.",
            hint=f"Remove it at the node, `pvesm free {volid}`, or give Datastore.Allocate on"
            f" /storage/{storage.name}.",
            provider="proxmox",
            code=error.code,
        ) from error
