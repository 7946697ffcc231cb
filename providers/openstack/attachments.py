"""Disks that come to a machine and leave it: volume attachments.

Source: https://docs.openstack.org/api-ref/compute/#servers-with-volume-attachments-servers-os-volume-attachments
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from providers.openstack.compute import changing, state_of
from providers.openstack.disks import get_volume, known_holders
from providers.openstack.fields import Json, objects, required_id, text
from providers.openstack.instances import get_same_server
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference, InstanceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

_VOLUMES: Final = "os-extended-volumes:volumes_attached"

KEPT_AT_ATTACH: Final = (2, 79)
"""Since then an attachment may say that the volume goes with the server."""


def attach_disk(clients: OpenStackClients, instance: InstanceReference, volume_id: str) -> None:
    """Ask for a volume to be attached to a server; one that is attached to it is left so.

    Raises InvalidRequest for a volume that another server has, Conflict for one that Cinder
    works on.
    """
    region, server_id = instance.region, instance.id
    server = get_same_server(clients, instance)
    volume = get_volume(clients, region, volume_id)
    holders = known_holders(volume)
    if server_id in holders or volume_id in volumes_of(server):
        return
    doing = f"attach disk {volume_id} to instance {server_id} in {region}"
    if holders and not volume.get("multiattach"):
        raise InvalidRequest(
            f"Could not {doing}: it is attached to instance {holders[0]}.",
            hint="Detach it there first.",
            provider="openstack",
        )
    status = str(volume["status"])
    if status.startswith("error"):
        raise InvalidRequest(f"Could not {doing}: it is {status}.", provider="openstack")
    if status not in {"available", "in-use"}:
        raise Conflict(f"Could not {doing}: it is {status} just now.", provider="openstack")
    with moving(clients, region, volume, doing):
        ask_to_attach(clients, region, server, volume_id, doing=doing)


def ask_to_attach(
    clients: OpenStackClients,
    region: str,
    server: Json,
    volume_id: str,
    *,
    doing: str,
    device: str | None = None,
    goes_with_server: bool = False,
) -> None:
    """Ask Nova to attach a volume; a server that was built with it lets it go as before."""
    attachment: Json = {"volumeId": volume_id}
    if device is not None:
        attachment["device"] = device
    if goes_with_server and clients.microversion(region) >= KEPT_AT_ATTACH:
        attachment["delete_on_termination"] = True
    path = f"/servers/{server['id']}/os-volume_attachments"
    with changing(clients, region, server["id"], "attach a disk to", state_of(server)):
        body = {"volumeAttachment": attachment}
        clients.call(region, "compute", "POST", path, doing=doing, body=body)


def detach_disk(clients: OpenStackClients, instance: InstanceReference, volume_id: str) -> None:
    """Ask for a volume to be detached from a server; one that it does not have is left alone.

    Raises InvalidRequest for the disk that the server boots from: Nova does not let go of it.
    """
    region, server_id = instance.region, instance.id
    server = get_same_server(clients, instance)
    volume = get_volume(clients, region, volume_id)
    if server_id not in known_holders(volume):
        return
    doing = f"detach disk {volume_id} from instance {server_id} in {region}"
    if is_root(server, volume):
        raise InvalidRequest(
            f"Could not {doing}: it boots from it.",
            hint="A boot disk stays with its machine.",
            provider="openstack",
        )
    status = str(volume["status"])
    if status == "detaching":
        return
    if status != "in-use":
        raise Conflict(f"Could not {doing}: it is {status} just now.", provider="openstack")
    with moving(clients, region, volume, doing):
        ask_to_detach(clients, region, server, volume_id, doing=doing)


def ask_to_detach(
    clients: OpenStackClients, region: str, server: Json, volume_id: str, *, doing: str
) -> None:
    """Ask Nova to detach a volume; one that is not attached any more is no error."""
    path = f"/servers/{server['id']}/os-volume_attachments/{volume_id}"
    with changing(clients, region, server["id"], "detach a disk from", state_of(server)):
        try:
            clients.call(region, "compute", "DELETE", path, doing=doing)
        except NotFound:
            return


@contextmanager
def moving(clients: OpenStackClients, region: str, volume: Json, doing: str) -> Iterator[None]:
    """Tell a refusal as Conflict when the volume is not as it was seen any more."""
    try:
        yield
    except InvalidRequest as error:
        now = str(get_volume(clients, region, str(volume["id"]))["status"])
        if now == str(volume["status"]):
            raise
        raise Conflict(
            f"Could not {doing}: it is {now} just now.", provider="openstack", code=error.code
        ) from error


def volumes_of(server: Json) -> list[str]:
    """Return the ids of a server's volumes, those being attached included."""
    return [required_id(one) for one in objects(server, _VOLUMES) or ()]


def is_root(server: Json, volume: Json) -> bool:
    """Return whether a server boots from a volume: it has no image, and this is its first disk."""
    if server.get("image"):
        return False
    devices = {
        text(one, "device") or ""
        for one in objects(volume, "attachments") or ()
        if one.get("server_id") == server["id"]
    }
    root = text(server, "OS-EXT-SRV-ATTR:root_device_name")
    first = {root} if root else {"/dev/vda", "/dev/sda", "/dev/xvda", "/dev/hda"}
    return bool(devices & first)


def is_passing(server: Json) -> bool:
    """Return whether Nova works on a server just now."""
    return bool(server.get("OS-EXT-STS:task_state")) or state_of(server) in {
        InstanceState.PENDING,
        InstanceState.UPDATING,
    }
