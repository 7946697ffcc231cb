"""Making machines: what the body of an insert asks for, and what becomes of it."""

from __future__ import annotations

from typing import Any, Final

from skyclust.sandbox.gcp import disks
from skyclust.sandbox.gcp.interfaces import (
    connect,
    new_interfaces,
    release,
)
from skyclust.sandbox.gcp.links import Reference, name_in, path_in, scope_link
from skyclust.sandbox.gcp.machine_types import machine_types, may_have, series_of
from skyclust.sandbox.gcp.operations import begin, overtake, require_idle
from skyclust.sandbox.gcp.quotas import machine_excess
from skyclust.sandbox.gcp.resources import (
    new_resource,
    require_labels,
    require_name,
    require_new,
    with_labels,
)
from skyclust.sandbox.gcp.wire import Resource, already_exists, in_use, invalid, refused
from skyclust.sandbox.gcp.world import Work, fingerprint, timestamp

_KEPT: Final = (
    "canIpForward",
    "deletionProtection",
    "description",
    "hostname",
    "minCpuPlatform",
    "resourcePolicies",
    "serviceAccounts",
)
_PLATFORMS: Final = {"c4a": "Google Axion", "t2a": "Ampere Altra", "n2d": "AMD Milan"}


def insert(work: Work) -> Resource:
    """Make a machine, with its disks and interfaces."""
    where = require_new(work, "instances")
    body = work.body
    require_labels(body.get("labels", {}))
    machine_type = machine_type_of(work, body.get("machineType", ""), "resource.machineType")
    interfaces = new_interfaces(work, body.get("networkInterfaces", []))
    attached = _attached_disks(work, where, machine_type)
    failure = work.failure or machine_excess(
        work.project, work.path["zone"], machine_type["selfLink"]
    )
    instance = _instance(work, where, machine_type) | {
        "networkInterfaces": interfaces,
        "disks": attached,
    }
    work.project.shelf("instances", where.scope)[where.name] = instance

    def stage() -> None:
        instance["status"] = "STAGING"
        connect(work.project, instance)

    def finish() -> None:
        instance.update(status="RUNNING", lastStartTimestamp=timestamp())
        for disk in _own_disks(work, instance):
            disk["status"] = "READY"

    return begin(
        work,
        "insert",
        where,
        instance["id"],
        steps=[(0.4, stage)],
        finish=finish,
        undo=lambda: _remove(work, where, instance),
        failure=failure,
        also=[work.reference("disks", name_in(one["source"])) for one in attached],
    )


def delete(work: Work) -> Resource:
    """Delete a machine, whatever it is doing, and the disks that go with it."""
    where = work.reference("instances", work.path["instance"])
    instance = work.world.get(where)
    if instance.get("deletionProtection"):
        message = (
            f"Invalid resource usage: 'Resource cannot be deleted if it's protected against "
            f"deletion. Resource: {where.path}'."
        )
        raise refused(412, "conditionNotMet", message)
    running = work.world.busy.get(where.path)
    if running is not None and running["operationType"] == "delete":
        require_idle(work, where)
    overtake(work.world, where)
    before = instance["status"]
    instance["status"] = "STOPPING"

    def undo() -> None:
        instance["status"] = before

    return begin(
        work,
        "delete",
        where,
        instance["id"],
        finish=lambda: _remove(work, where, instance),
        undo=undo,
    )


def machine_type_of(work: Work, text: str, named: str) -> Resource:
    """Return the machine type that a link names; refuses one that the zone has not."""
    found = work.linked(text, "machineTypes", named)
    zone = work.path["zone"]
    known = machine_types(work.project.name, zone).get(found.name)
    if known is None or found.scope != work.scope:
        what = f"Machine type with name '{found.name}' does not exist in zone '{zone}'."
        raise invalid(named, text, what)
    return known


def metadata_of(given: dict[str, Any]) -> Resource:
    """Return the metadata of a machine with its fingerprint."""
    items = given.get("items", [])
    content: Resource = {"kind": "compute#metadata", "fingerprint": fingerprint(items)}
    return content | ({"items": items} if items else {})


def tags_of(given: dict[str, Any]) -> Resource:
    """Return the network tags of a machine with their fingerprint."""
    items = given.get("items", [])
    return {"fingerprint": fingerprint(items)} | ({"items": items} if items else {})


def _instance(work: Work, where: Reference, machine_type: Resource) -> Resource:
    body = work.body
    instance = new_resource(work.world, where, "compute#instance")
    instance |= {
        "canIpForward": False,
        "deletionProtection": False,
        **{name: body[name] for name in _KEPT if name in body},
        "status": "PROVISIONING",
        "machineType": machine_type["selfLink"],
        "cpuPlatform": _PLATFORMS.get(series_of(machine_type["name"]).name, "Intel Broadwell"),
        "zone": scope_link(work.project.name, where.scope),
        "scheduling": {
            "onHostMaintenance": "MIGRATE",
            "automaticRestart": True,
            "preemptible": False,
            "provisioningModel": "STANDARD",
            **body.get("scheduling", {}),
        },
        "metadata": metadata_of(body.get("metadata", {})),
        "tags": tags_of(body.get("tags", {})),
        "startRestricted": False,
        "shieldedInstanceConfig": {
            "enableSecureBoot": False,
            "enableVtpm": True,
            "enableIntegrityMonitoring": True,
        },
        "shieldedInstanceIntegrityPolicy": {"updateAutoLearnPolicy": True},
        "fingerprint": fingerprint(where.path),
    }
    return with_labels(instance, body.get("labels"))


def _attached_disks(work: Work, where: Reference, machine_type: Resource) -> list[Resource]:
    """Return the disks as attached; all are checked before the first one is made."""
    asked = work.body.get("disks", [])
    if not asked or not asked[0].get("boot"):
        raise invalid("resource.disks", "", "At least one boot disk is required.")
    planned = []
    for number, one in enumerate(asked):
        named = f"resource.disks[{number}]"
        if "source" in one:
            planned.append((one, *_existing(work, where, one, f"{named}.source")))
        else:
            planned.append((one, *_planned(work, where, one, number, machine_type, named)))
        _require_architecture(planned[-1][2], machine_type, boot=bool(one.get("boot")))
    names = [place.name for _, place, _ in planned]
    for name in names:
        if names.count(name) > 1:
            raise already_exists(work.reference("disks", name).path)
    return [
        attach(work, where, one, place, disk, number)
        for number, (one, place, disk) in enumerate(planned)
    ]


def attach(
    work: Work, where: Reference, asked: Resource, place: Reference, disk: Resource, number: int
) -> Resource:
    """Let a machine have a disk, and return it as attached."""
    disks.put(work, place, disk)
    disk.setdefault("users", []).append(where.link)
    disk["lastAttachTimestamp"] = timestamp()
    attached: Resource = {
        "kind": "compute#attachedDisk",
        "type": "PERSISTENT",
        "mode": asked.get("mode", "READ_WRITE"),
        "source": disk["selfLink"],
        "deviceName": asked.get("deviceName", f"persistent-disk-{number}"),
        "index": number,
        "boot": bool(asked.get("boot")),
        "autoDelete": bool(asked.get("autoDelete")),
        "interface": asked.get("interface", "SCSI"),
        "diskSizeGb": disk["sizeGb"],
    }
    for name in ("architecture", "guestOsFeatures", "licenses"):
        if name in disk:
            attached[name] = disk[name]
    return attached


def free_disk(work: Work, text: str, mode: str, named: str) -> tuple[Reference, Resource]:
    """Return a disk that a machine may be given; refuses one that another has."""
    place = work.linked(text, "disks", named)
    disk = work.world.get(place)
    if place.scope != work.scope:
        raise invalid(named, text, "The disk must be in the zone of the instance.")
    require_idle(work, place)
    if mode != "READ_ONLY":
        for user in disk.get("users", ()):
            raise in_use(place.path, path_in(user))
    return place, disk


def _existing(
    work: Work, _where: Reference, asked: Resource, named: str
) -> tuple[Reference, Resource]:
    return free_disk(work, asked["source"], asked.get("mode", "READ_WRITE"), named)


def _planned(
    work: Work, where: Reference, asked: Resource, number: int, machine_type: Resource, named: str
) -> tuple[Reference, Resource]:
    """Return a disk to be made with the machine; the boot disk takes the machine's name."""
    given = asked.get("initializeParams", {})
    default = where.name if asked.get("boot") else f"{where.name}-{number}"
    name = require_name(given.get("diskName", default), f"{named}.initializeParams.diskName")
    place = work.reference("disks", name)
    if work.world.find(place) is not None:
        raise already_exists(place.path)
    if asked.get("boot") and not (given.get("sourceImage") or given.get("sourceSnapshot")):
        raise invalid(
            f"{named}.initializeParams.sourceImage", "", "A source of the boot disk is required."
        )
    kind = given.get("diskType")
    if kind is None:
        standard = series_of(machine_type["name"]).disk_type
        kind = work.reference("diskTypes", standard).link
    body = {
        **given,
        "sizeGb": given.get("diskSizeGb", asked.get("diskSizeGb")),
        "type": kind,
    }
    disk = disks.new_disk(work, place, body, f"{named}.initializeParams")
    if not may_have(machine_type["name"], name_in(disk["type"])):
        what = (
            f"[{name_in(disk['type'])}] features and [machine_type: {machine_type['name']}] "
            "features are not compatible for creating instance."
        )
        raise refused(400, "invalid", what)
    return place, disk


def _require_architecture(disk: Resource, machine_type: Resource, *, boot: bool) -> None:
    wanted, found = machine_type["architecture"], disk.get("architecture", "X86_64")
    if boot and wanted != found:
        what = (
            f"Requested boot disk architecture ({found}) is not compatible with machine type "
            f"architecture ({wanted})."
        )
        raise refused(400, "invalid", what)


def _own_disks(work: Work, instance: Resource) -> list[Resource]:
    shelf = work.project.shelf("disks", work.scope)
    names = [name_in(one["source"]) for one in instance["disks"]]
    return [shelf[name] for name in names if name in shelf]


def _remove(work: Work, where: Reference, instance: Resource) -> None:
    """Take a machine away, its addresses, and the disks that end with it."""
    work.project.shelf("instances", where.scope).pop(where.name, None)
    release(work.project, instance, all_of_them=True)
    ends = {name_in(one["source"]) for one in instance["disks"] if one["autoDelete"]}
    for disk in _own_disks(work, instance):
        disk["users"] = [user for user in disk.get("users", ()) if user != where.link]
        disk["status"] = "READY"
        if not disk["users"]:
            del disk["users"]
            if disk["name"] in ends:
                disks.remove(work, work.reference("disks", disk["name"]))
            else:
                disk["lastDetachTimestamp"] = timestamp()
