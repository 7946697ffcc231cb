"""The disks of machines: those made with a machine, and those that are given to one."""

from __future__ import annotations

from skyclust_sandbox.gcp import disks
from skyclust_sandbox.gcp.links import Reference, name_in, path_in
from skyclust_sandbox.gcp.machine_types import may_have, series_of
from skyclust_sandbox.gcp.operations import require_idle
from skyclust_sandbox.gcp.resources import require_name
from skyclust_sandbox.gcp.responses import Resource, already_exists, in_use, invalid, refused
from skyclust_sandbox.gcp.state import Work, timestamp


def attached_disks(work: Work, where: Reference, machine_type: Resource) -> list[Resource]:
    """Return the disks as attached; all are checked before the first one is made."""
    asked = work.body.get("disks", [])
    if not asked or not asked[0].get("boot"):
        raise invalid("resource.disks", "", "At least one boot disk is required.")
    planned = []
    for number, one in enumerate(asked):
        named = f"resource.disks[{number}]"
        if "source" in one:
            planned.append(
                (
                    one,
                    *free_disk(
                        work, one["source"], one.get("mode", "READ_WRITE"), f"{named}.source"
                    ),
                )
            )
        else:
            planned.append(
                (
                    one,
                    *_planned(
                        work, where, one, number=number, machine_type=machine_type, named=named
                    ),
                )
            )
        _require_architecture(planned[-1][2], machine_type, boot=bool(one.get("boot")))
    names = [place.name for _, place, _ in planned]
    for name in names:
        if names.count(name) > 1:
            raise already_exists(work.reference("disks", name).path)
    return [
        attach(work, where, one, place=place, disk=disk, number=number)
        for number, (one, place, disk) in enumerate(planned)
    ]


def attach(
    work: Work, where: Reference, asked: Resource, *, place: Reference, disk: Resource, number: int
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


def _planned(
    work: Work,
    where: Reference,
    asked: Resource,
    *,
    number: int,
    machine_type: Resource,
    named: str,
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
