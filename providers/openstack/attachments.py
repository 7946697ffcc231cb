"""Volume attachments: attaching volumes to servers and detaching them.

Source: https://docs.openstack.org/api-ref/compute/#servers-with-volume-attachments-servers-os-volume-attachments
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from providers.openstack.disks import get_volume, require_attachments, to_disk
from providers.openstack.errors import openstack_errors
from providers.openstack.fields import Json, objects, required_id, text
from providers.openstack.instances import VOLUMES_ATTACHED, get_same_server
from providers.openstack.state_errors import state_errors
from providers.openstack.states import state_of
from skyclust.contract import DiskProvider
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference
from skyclust.model.resource import Resource

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

DELETE_ON_TERMINATION: Final = (2, 79)
"""The microversion from which an attachment may be deleted together with the server."""


class OpenStackDisks(DiskProvider):
    """Attaches volumes of Cinder to servers and detaches them."""

    _clients: OpenStackClients

    @openstack_errors("read a disk")
    def get_disk(self, region: str, disk_id: str) -> Resource:
        """Return the volume as inventory does, now; raises NotFound when it does not exist."""
        return to_disk(region, get_volume(self._clients, region, disk_id))

    @openstack_errors("attach a disk")
    def attach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Request that a volume is attached to a server; it is kept when the server is deleted.

        A volume that is attached to the server already stays unchanged. Raises InvalidRequest for
        a volume that is attached to another server, Conflict for one that Cinder is working on.
        """
        region, server_id = instance.region, instance.id
        server = get_same_server(self._clients, instance)
        volume = get_volume(self._clients, region, disk_id)
        servers = require_attachments(volume)
        if server_id in servers or disk_id in _volume_ids(server):
            return
        doing = f"attach disk {disk_id} to instance {server_id} in {region}"
        if servers and not volume.get("multiattach"):
            raise InvalidRequest(
                f"Could not {doing}: it is attached to instance {servers[0]}.",
                hint="Detach it there first.",
                provider="openstack",
            )
        status = str(volume["status"])
        if status.startswith("error"):
            raise InvalidRequest(f"Could not {doing}: it is {status}.", provider="openstack")
        if status not in {"available", "in-use"}:
            raise Conflict(f"Could not {doing}: it is {status} just now.", provider="openstack")
        with volume_state_errors(self._clients, region, volume, doing):
            attach_volume(self._clients, region, server, disk_id, doing=doing)

    @openstack_errors("detach a disk")
    def detach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Request that a volume is detached from a server; one not attached to it is kept as it is.

        Raises InvalidRequest for the boot volume of the server: Nova does not detach it.
        """
        region, server_id = instance.region, instance.id
        server = get_same_server(self._clients, instance)
        volume = get_volume(self._clients, region, disk_id)
        if server_id not in require_attachments(volume):
            return
        doing = f"detach disk {disk_id} from instance {server_id} in {region}"
        if _is_boot_volume(server, volume):
            raise InvalidRequest(
                f"Could not {doing}: it boots from it.",
                hint="A boot disk stays with its instance.",
                provider="openstack",
            )
        status = str(volume["status"])
        if status == "detaching":
            return
        if status != "in-use":
            raise Conflict(f"Could not {doing}: it is {status} just now.", provider="openstack")
        with volume_state_errors(self._clients, region, volume, doing):
            detach_volume(self._clients, region, server, disk_id, doing=doing)


def attach_volume(
    clients: OpenStackClients,
    region: str,
    server: Json,
    volume_id: str,
    *,
    doing: str,
    device: str | None = None,
    delete_with_server: bool = False,
) -> None:
    """Request an attachment from Nova.

    Before microversion 2.79 `delete_with_server` is not sent.
    """
    attachment: Json = {"volumeId": volume_id}
    if device is not None:
        attachment["device"] = device
    if delete_with_server and clients.microversion(region) >= DELETE_ON_TERMINATION:
        attachment["delete_on_termination"] = True
    path = f"/servers/{server['id']}/os-volume_attachments"
    with state_errors(clients, region, server["id"], "attach a disk to", state_of(server)):
        body = {"volumeAttachment": attachment}
        clients.call(region, "compute", "POST", path, doing=doing, body=body)


def detach_volume(
    clients: OpenStackClients, region: str, server: Json, volume_id: str, *, doing: str
) -> None:
    """Request a detachment from Nova; a volume that is not attached any more is not an error."""
    path = f"/servers/{server['id']}/os-volume_attachments/{volume_id}"
    with state_errors(clients, region, server["id"], "detach a disk from", state_of(server)):
        try:
            clients.call(region, "compute", "DELETE", path, doing=doing)
        except NotFound:
            return


@contextmanager
def volume_state_errors(
    clients: OpenStackClients, region: str, volume: Json, doing: str
) -> Iterator[None]:
    """Raise Conflict for an InvalidRequest inside if the volume's status has changed since."""
    try:
        yield
    except InvalidRequest as error:
        status = str(get_volume(clients, region, str(volume["id"]))["status"])
        if status == str(volume["status"]):
            raise
        raise Conflict(
            f"Could not {doing}: it is {status} just now.", provider="openstack", code=error.code
        ) from error


def _volume_ids(server: Json) -> list[str]:
    return [required_id(volume) for volume in objects(server, VOLUMES_ATTACHED) or ()]


def _is_boot_volume(server: Json, volume: Json) -> bool:
    """Return whether a server boots from a volume: it has no image, and this is its first disk."""
    if server.get("image"):
        return False
    devices = {
        text(attachment, "device") or ""
        for attachment in objects(volume, "attachments") or ()
        if attachment.get("server_id") == server["id"]
    }
    root = text(server, "OS-EXT-SRV-ATTR:root_device_name")
    first = {root} if root else {"/dev/vda", "/dev/sda", "/dev/xvda", "/dev/hda"}
    return bool(devices & first)
