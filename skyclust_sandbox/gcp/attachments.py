"""The methods attachDisk, detachDisk and setDiskAutoDelete of instances."""

from __future__ import annotations

from skyclust_sandbox.gcp.attached_disks import attach, attachable_disk
from skyclust_sandbox.gcp.instances import ready_instance
from skyclust_sandbox.gcp.links import name_in
from skyclust_sandbox.gcp.operations import start_operation
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.responses import Resource, invalid, refused, timestamp


def attach_disk(context: RequestContext) -> Resource:
    """Start the operation that attaches a disk; raises Refused for a disk in use."""
    reference, instance = ready_instance(context)
    body = context.body
    if "source" not in body:
        raise invalid("resource.source", "", "A disk to attach is required.")
    taken = {disk["index"] for disk in instance["disks"]}
    index = next(number for number in range(len(taken) + 1) if number not in taken)
    mode = body.get("mode", "READ_WRITE")
    device_name = body.get("deviceName", f"persistent-disk-{index}")
    attachment = {**body, "deviceName": device_name}
    to_attach = attachable_disk(context, attachment, body["source"], mode, "resource.source")
    if any(disk["deviceName"] == device_name for disk in instance["disks"]):
        message = "Supplied name is used by another disk."
        raise invalid("resource.deviceName", device_name, message)

    def finish() -> None:
        instance["disks"].append(attach(context, reference, to_attach, index))

    return start_operation(
        context,
        "attachDisk",
        reference,
        instance["id"],
        finish=finish,
        also_busy=[to_attach.reference],
    )


def detach_disk(context: RequestContext) -> Resource:
    """Start the operation that detaches a disk.

    Raises Refused for the boot disk unless the instance is stopped.
    """
    reference, instance = ready_instance(context)
    attached = _attached_disk(instance, context.query.get("deviceName", ""))
    if attached["boot"] and instance["status"] != "TERMINATED":
        message = "Invalid resource usage: 'The boot disk of a running instance stays attached.'."
        raise refused(400, "invalidUsage", message)
    disk_reference = context.reference("disks", name_in(attached["source"]))
    disk = context.state.get(disk_reference)

    def finish() -> None:
        instance["disks"].remove(attached)
        disk["users"].remove(reference.link)
        if not disk["users"]:
            del disk["users"]
        disk["lastDetachTimestamp"] = timestamp()

    return start_operation(
        context,
        "detachDisk",
        reference,
        instance["id"],
        finish=finish,
        also_busy=[disk_reference],
    )


def set_disk_auto_delete(context: RequestContext) -> Resource:
    """Start the operation that sets whether a disk is deleted with its instance."""
    reference, instance = ready_instance(context)
    attached = _attached_disk(instance, context.query.get("deviceName", ""))
    auto_delete = context.query.get("autoDelete", "").lower() == "true"

    def finish() -> None:
        attached["autoDelete"] = auto_delete

    return start_operation(context, "setDiskAutoDelete", reference, instance["id"], finish=finish)


def _attached_disk(instance: Resource, device_name: str) -> Resource:
    """Return the attached disk with a device name; raises Refused when there is none."""
    for disk in instance["disks"]:
        if disk["deviceName"] == device_name:
            attached: Resource = disk
            return attached
    message = f"No attached disk found with device name '{device_name}'"
    raise invalid("deviceName", device_name, message)
