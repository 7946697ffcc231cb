"""Disks that are attached to machines and detached, and the addresses of interfaces."""

from __future__ import annotations

from skyclust_sandbox.gcp.attached_disks import attach, free_disk
from skyclust_sandbox.gcp.links import Reference, name_in
from skyclust_sandbox.gcp.network_interfaces import access_config, connect, release
from skyclust_sandbox.gcp.operations import begin, require_idle
from skyclust_sandbox.gcp.responses import Resource, invalid, refused
from skyclust_sandbox.gcp.state import Work, timestamp


def attach_disk(work: Work) -> Resource:
    """Attach a disk that nobody has."""
    where, instance = _machine(work)
    body = work.body
    if "source" not in body:
        raise invalid("resource.source", "", "A disk to attach is required.")
    mode = body.get("mode", "READ_WRITE")
    place, disk = free_disk(work, body["source"], mode, "resource.source")
    taken = {one["index"] for one in instance["disks"]}
    number = next(one for one in range(len(taken) + 1) if one not in taken)
    name = body.get("deviceName", f"persistent-disk-{number}")
    if any(one["deviceName"] == name for one in instance["disks"]):
        raise invalid("resource.deviceName", name, "Supplied name is used by another disk.")

    def finish() -> None:
        attached = attach(
            work,
            where,
            {**body, "deviceName": name},
            place=place,
            disk=disk,
            number=number,
        )
        instance["disks"].append(attached)

    return begin(work, "attachDisk", where, instance["id"], finish=finish, also=[place])


def detach_disk(work: Work) -> Resource:
    """Detach a disk; the boot disk only from a stopped machine."""
    where, instance = _machine(work)
    attached = _attached(instance, work.query.get("deviceName", ""))
    if attached["boot"] and instance["status"] != "TERMINATED":
        message = "Invalid resource usage: 'The boot disk of a running instance stays attached.'."
        raise refused(400, "invalidUsage", message)
    place = work.reference("disks", name_in(attached["source"]))
    disk = work.world.get(place)

    def finish() -> None:
        instance["disks"].remove(attached)
        disk["users"].remove(where.link)
        if not disk["users"]:
            del disk["users"]
        disk["lastDetachTimestamp"] = timestamp()

    return begin(work, "detachDisk", where, instance["id"], finish=finish, also=[place])


def set_disk_auto_delete(work: Work) -> Resource:
    """Let a disk end with its machine, or outlive it."""
    where, instance = _machine(work)
    attached = _attached(instance, work.query.get("deviceName", ""))
    ends = work.query.get("autoDelete", "").lower() == "true"

    def finish() -> None:
        attached["autoDelete"] = ends

    return begin(work, "setDiskAutoDelete", where, instance["id"], finish=finish)


def add_access_config(work: Work) -> Resource:
    """Give an interface a public address; it may have one."""
    where, instance = _machine(work)
    interface = _interface(work, instance)
    if interface.get("accessConfigs"):
        what = "At most one access config currently supported."
        raise invalid("resource.accessConfigs", "", what)
    access = access_config(work, work.body, "resource")

    def finish() -> None:
        interface["accessConfigs"] = [access]
        if instance["status"] == "RUNNING":
            connect(work.project, instance)

    return begin(work, "addAccessConfig", where, instance["id"], finish=finish)


def delete_access_config(work: Work) -> Resource:
    """Take the public address of an interface away."""
    where, instance = _machine(work)
    interface = _interface(work, instance)
    name = work.query.get("accessConfig", "")
    if not any(one["name"] == name for one in interface.get("accessConfigs", ())):
        raise invalid("accessConfig", name, "No access config of that name.")

    def finish() -> None:
        taken = {"networkInterfaces": [interface], "selfLink": where.link}
        release(work.project, taken, all_of_them=True)
        del interface["accessConfigs"]

    return begin(work, "deleteAccessConfig", where, instance["id"], finish=finish)


def _machine(work: Work) -> tuple[Reference, Resource]:
    where = work.reference("instances", work.path["instance"])
    instance = work.world.get(where)
    require_idle(work, where)
    return where, instance


def _attached(instance: Resource, device: str) -> Resource:
    for one in instance["disks"]:
        if one["deviceName"] == device:
            attached: Resource = one
            return attached
    raise invalid("deviceName", device, f"No attached disk found with device name '{device}'")


def _interface(work: Work, instance: Resource) -> Resource:
    name = work.query.get("networkInterface", "")
    for one in instance["networkInterfaces"]:
        if one["name"] == name:
            interface: Resource = one
            return interface
    raise invalid("networkInterface", name, "No network interface of that name.")
