"""Attaching existing disks to instances, and detaching them.

Sources: https://cloud.google.com/compute/docs/reference/rest/v1/instances/attachDisk and
https://cloud.google.com/compute/docs/reference/rest/v1/instances/detachDisk
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.gcp import fields
from providers.gcp.disks import fetch_disk, to_disk
from providers.gcp.instance_requests import instance_parameters
from providers.gcp.instances import fetch_same_instance, state_of, zone_of
from providers.gcp.links import id_in, last_segment, self_link
from providers.gcp.operations import submit, wait_until_done
from providers.gcp.resource_users import user_ids_of
from skyclust.contract import DiskProvider
from skyclust.errors import InvalidRequest
from skyclust.model.instance import InstanceReference, InstanceState
from skyclust.model.resource import Resource

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject


class GcpDisks(DiskProvider):
    """Attachments of persistent disks to instances."""

    _clients: GcpClients

    def get_disk(self, region: str, disk_id: str) -> Resource:
        """Return the current state of a disk; raises NotFound when it does not exist."""
        disk = fetch_disk(self._clients, region, disk_id)
        return to_disk(region, disk, user_ids_of(self._clients, disk))

    def attach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Attach a disk without `autoDelete`; do nothing when it is attached to the instance.

        Raises InvalidRequest for a disk that another instance uses or that is in another zone.
        """
        vm = fetch_same_instance(self._clients, instance)
        disk = fetch_disk(self._clients, instance.region, disk_id)
        if _attached_disk(vm, disk_id) is not None:
            return
        doing = f"attach disk {disk_id} to instance {instance.id} in {instance.region}"
        if problem := _attach_problem(vm, disk):
            raise InvalidRequest(
                f"Could not {doing}: {problem}.",
                hint="Use an instance and a disk of one zone, and a disk that no instance has.",
                provider="gcp",
            )
        operation = submit(
            self._clients.instances().attach_disk_unary,
            {
                **instance_parameters(self._clients, vm),
                "attached_disk_resource": {
                    "source": fields.required_text(disk, "selfLink"),
                    "auto_delete": False,
                },
            },
            doing,
        )
        wait_until_done(self._clients, operation, doing)

    def detach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Detach a disk; do nothing when it is not attached to the instance.

        Raises InvalidRequest for the boot disk of an instance that is not stopped.
        """
        vm = fetch_same_instance(self._clients, instance)
        attached = _attached_disk(vm, disk_id)
        if attached is None:
            return
        doing = f"detach disk {disk_id} from instance {instance.id} in {instance.region}"
        if fields.flag(attached, "boot") and state_of(vm) is not InstanceState.STOPPED:
            raise InvalidRequest(
                f"Could not {doing}: it is the boot disk.",
                hint="Stop the instance first.",
                provider="gcp",
            )
        operation = submit(
            self._clients.instances().detach_disk_unary,
            {
                **instance_parameters(self._clients, vm),
                "device_name": fields.required_text(attached, "deviceName"),
            },
            doing,
        )
        wait_until_done(self._clients, operation, doing)


def _attach_problem(vm: JsonObject, disk: JsonObject) -> str | None:
    zone, disk_location = zone_of(vm), self_link(disk).location
    zones = [last_segment(url) for url in fields.texts(disk, "replicaZones")] or [disk_location]
    if zone not in zones:
        return f"the disk is in {', '.join(zones)}, the instance in {zone}"
    if users := [last_segment(user) for user in fields.texts(disk, "users")]:
        return f"instance {users[0]} has the disk"
    return None


def _attached_disk(vm: JsonObject, disk_id: str) -> JsonObject | None:
    """Return the entry of a disk in the instance's `disks`, None when it is not attached."""
    project = self_link(vm).project
    disks = fields.objects(vm, "disks")
    return next((disk for disk in disks if id_in(disk, "source", project) == disk_id), None)
