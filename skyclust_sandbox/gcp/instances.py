"""Making machines: what the body of an insert asks for, and what becomes of it."""

from __future__ import annotations

from typing import Any, Final

from skyclust_sandbox.gcp import disks
from skyclust_sandbox.gcp.attached_disks import attached_disks
from skyclust_sandbox.gcp.links import Reference, name_in, scope_link
from skyclust_sandbox.gcp.machine_types import machine_types, series_of
from skyclust_sandbox.gcp.network_interfaces import (
    connect,
    new_interfaces,
    release,
)
from skyclust_sandbox.gcp.operations import begin, overtake, require_idle
from skyclust_sandbox.gcp.quotas import machine_excess
from skyclust_sandbox.gcp.resources import (
    new_resource,
    require_labels,
    require_new,
    with_labels,
)
from skyclust_sandbox.gcp.responses import Resource, invalid, refused
from skyclust_sandbox.gcp.state import Work, fingerprint, timestamp

_KEPT: Final = (
    "canIpForward",
    "deletionProtection",
    "description",
    "displayDevice",
    "guestAccelerators",
    "hostname",
    "keyRevocationActionType",
    "minCpuPlatform",
    "reservationAffinity",
    "resourcePolicies",
    "serviceAccounts",
    "shieldedInstanceConfig",
)
_TEMPLATES: Final = ("sourceInstanceTemplate", "sourceMachineImage")
_PLATFORMS: Final = {"c4a": "Google Axion", "t2a": "Ampere Altra", "n2d": "AMD Milan"}


def insert(work: Work) -> Resource:
    """Make a machine, with its disks and interfaces."""
    for template in _TEMPLATES:
        if template in work.query:
            message = f"The sandbox has no {template}."
            raise refused(501, "notImplemented", message, front=True)
    where = require_new(work, "instances")
    body = work.body
    require_labels(body.get("labels", {}))
    machine_type = machine_type_of(work, body.get("machineType", ""), "resource.machineType")
    interfaces = new_interfaces(work, body.get("networkInterfaces", []))
    attached = attached_disks(work, where, machine_type)
    failure = work.failure or machine_excess(
        work.project, work.path["zone"], machine_type["selfLink"]
    )
    instance = _instance(work, where, machine_type)
    instance |= {"networkInterfaces": interfaces, "disks": attached}
    work.project.shelf("instances", where.scope)[where.name] = instance

    def stage() -> None:
        instance["status"] = "STAGING"
        connect(work.project, instance)

    def undo() -> None:
        made = {
            one["source"]
            for one, asked in zip(attached, body["disks"], strict=True)
            if "source" not in asked
        }
        _remove(work, where, instance, ends=made)

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
        undo=undo,
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
    if running is not None and (work.failure or running["operationType"] == "delete"):
        require_idle(work, where)
    overtake(work.world, where)
    before = instance["status"]
    instance["status"] = "STOPPING"

    def finish() -> None:
        ends = {one["source"] for one in instance["disks"] if one["autoDelete"]}
        _remove(work, where, instance, ends=ends)

    def undo() -> None:
        instance["status"] = before

    return begin(
        work,
        "delete",
        where,
        instance["id"],
        finish=finish,
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
    instance: Resource = new_resource(work.world, where, "compute#instance")
    instance |= {
        "canIpForward": False,
        "deletionProtection": False,
        "status": "PROVISIONING",
        "machineType": machine_type["selfLink"],
        "cpuPlatform": _PLATFORMS.get(series_of(machine_type["name"]).name, "Intel Broadwell"),
        "zone": scope_link(work.project.name, where.scope),
        "scheduling": _scheduling(body.get("scheduling", {})),
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
    instance |= {name: body[name] for name in _KEPT if name in body}
    return with_labels(instance, body.get("labels"))


def _scheduling(given: dict[str, Any]) -> Resource:
    """Return how a machine is scheduled; a spot machine is ended where others are moved."""
    spot = given.get("provisioningModel") == "SPOT" or bool(given.get("preemptible"))
    return {
        "onHostMaintenance": "TERMINATE" if spot else "MIGRATE",
        "automaticRestart": not spot,
        "provisioningModel": "SPOT" if spot else "STANDARD",
        **given,
        "preemptible": spot,
    }


def _own_disks(work: Work, instance: Resource) -> list[Resource]:
    shelf = work.project.shelf("disks", work.scope)
    names = [name_in(one["source"]) for one in instance["disks"]]
    return [shelf[name] for name in names if name in shelf]


def _remove(work: Work, where: Reference, instance: Resource, *, ends: set[str]) -> None:
    """Take a machine away, its addresses, and the disks that end with it, by their links."""
    work.project.shelf("instances", where.scope).pop(where.name, None)
    release(work.project, instance, all_of_them=True)
    for disk in _own_disks(work, instance):
        disk["users"] = [user for user in disk.get("users", ()) if user != where.link]
        disk["status"] = "READY"
        if not disk["users"]:
            del disk["users"]
            if disk["selfLink"] in ends:
                disks.remove(work, work.reference("disks", disk["name"]))
            else:
                disk["lastDetachTimestamp"] = timestamp()
