"""Attaching disks that exist to instances, and detaching them.

Sources: https://cloud.google.com/compute/docs/reference/rest/v1/instances/attachDisk and
https://cloud.google.com/compute/docs/reference/rest/v1/instances/detachDisk
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.gcp import fields
from providers.gcp.compute import place
from providers.gcp.disks import fetch_disk
from providers.gcp.instances import fetch_same, state_of, zone_of
from providers.gcp.links import ending, id_in, own_link
from providers.gcp.operations import asked, finished
from skyclust.errors import InvalidRequest
from skyclust.model.instance import InstanceReference, InstanceState

if TYPE_CHECKING:
    from providers.gcp.client import Answer, GcpClients


def attach_disk(clients: GcpClients, instance: InstanceReference, disk_id: str) -> None:
    """Attach a disk to an instance; one that it has already is left as it is.

    Raises InvalidRequest for a disk that another instance has, or that is in another zone.
    """
    machine = fetch_same(clients, instance)
    disk = fetch_disk(clients, instance.region, disk_id)
    if _attached(machine, disk_id) is not None:
        return
    doing = f"attach disk {disk_id} to instance {instance.id} in {instance.region}"
    if problem := _problem(machine, disk):
        raise InvalidRequest(f"Could not {doing}: {problem}.", provider="gcp")
    operation = asked(
        clients.instances().attach_disk_unary,
        {
            **place(clients, machine),
            "attached_disk_resource": {
                "source": fields.required_text(disk, "selfLink"),
                "auto_delete": False,
            },
        },
        doing,
    )
    finished(clients, operation, doing)


def _problem(machine: Answer, disk: Answer) -> str | None:
    zone, place_of_disk = zone_of(machine), own_link(disk).place
    zones = [ending(one) for one in fields.texts(disk, "replicaZones")] or [place_of_disk]
    if zone not in zones:
        return f"the disk is in {', '.join(zones)}, the instance in {zone}"
    if users := [ending(user) for user in fields.texts(disk, "users")]:
        return f"instance {users[0]} has the disk"
    return None


def detach_disk(clients: GcpClients, instance: InstanceReference, disk_id: str) -> None:
    """Detach a disk from an instance; one that it does not have is left as it is.

    Raises InvalidRequest for the boot disk of an instance that is not stopped.
    """
    machine = fetch_same(clients, instance)
    attached = _attached(machine, disk_id)
    if attached is None:
        return
    doing = f"detach disk {disk_id} from instance {instance.id} in {instance.region}"
    if fields.flag(attached, "boot") and state_of(machine) is not InstanceState.STOPPED:
        raise InvalidRequest(
            f"Could not {doing}: it is the boot disk.",
            hint="Stop the instance first.",
            provider="gcp",
        )
    operation = asked(
        clients.instances().detach_disk_unary,
        {**place(clients, machine), "device_name": fields.required_text(attached, "deviceName")},
        doing,
    )
    finished(clients, operation, doing)


def _attached(machine: Answer, disk_id: str) -> Answer | None:
    """Return the disk of an instance as it is attached, None when the instance lacks it."""
    home = own_link(machine).project
    disks = fields.parts(machine, "disks")
    return next((disk for disk in disks if id_in(disk, "source", home) == disk_id), None)
