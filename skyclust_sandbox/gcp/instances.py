"""The methods insert and delete of instances."""

from __future__ import annotations

from typing import Any, Final

from skyclust_sandbox.gcp import disks
from skyclust_sandbox.gcp.attached_disks import new_attached_disks
from skyclust_sandbox.gcp.links import Reference, name_in, scope_link
from skyclust_sandbox.gcp.machine_types import machine_types, series_of
from skyclust_sandbox.gcp.network_interfaces import (
    assign_external_addresses,
    new_network_interfaces,
    release_external_addresses,
)
from skyclust_sandbox.gcp.operations import (
    abort_running_operation,
    require_ready,
    start_operation,
)
from skyclust_sandbox.gcp.quotas import instance_quota_failure
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.resources import (
    new_reference,
    new_resource,
    require_labels,
    with_labels,
)
from skyclust_sandbox.gcp.responses import Resource, fingerprint, invalid, refused, timestamp

_BODY_FIELDS: Final = (
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
_TEMPLATE_PARAMETERS: Final = ("sourceInstanceTemplate", "sourceMachineImage")
_CPU_PLATFORMS: Final = {"c4a": "Google Axion", "t2a": "Ampere Altra", "n2d": "AMD Milan"}


def insert(context: RequestContext) -> Resource:
    """Start the operation that creates an instance with its disks and network interfaces.

    A failed operation leaves neither the instance nor the disks that it created.
    """
    for parameter in _TEMPLATE_PARAMETERS:
        if parameter in context.query:
            message = f"The sandbox has no {parameter}."
            raise refused(501, "notImplemented", message, from_front_end=True)
    reference = new_reference(context, "instances")
    body = context.body
    require_labels(body.get("labels", {}))
    machine_type = machine_type_from_link(
        context, body.get("machineType", ""), "resource.machineType"
    )
    interfaces = new_network_interfaces(context, body.get("networkInterfaces", []))
    attached = new_attached_disks(context, reference, machine_type)
    failure = context.failure or instance_quota_failure(
        context.project, context.path["zone"], machine_type["selfLink"]
    )
    instance = _new_instance(context, reference, machine_type)
    instance |= {"networkInterfaces": interfaces, "disks": attached}
    context.project.collection("instances", reference.scope)[reference.name] = instance

    def stage() -> None:
        instance["status"] = "STAGING"
        assign_external_addresses(context.project, instance)

    def undo() -> None:
        created = {
            disk["source"]
            for disk, requested in zip(attached, body["disks"], strict=True)
            if "source" not in requested
        }
        _remove(context, reference, instance, delete_disks=created)

    def finish() -> None:
        instance.update(status="RUNNING", lastStartTimestamp=timestamp())
        for disk in _disks_of(context, instance):
            disk["status"] = "READY"

    return start_operation(
        context,
        "insert",
        reference,
        instance["id"],
        steps=[(0.4, stage)],
        finish=finish,
        undo=undo,
        failure=failure,
        also_busy=[context.reference("disks", name_in(disk["source"])) for disk in attached],
    )


def delete(context: RequestContext) -> Resource:
    """Start the operation that deletes an instance and its auto-delete disks.

    It aborts any operation that is running on the instance, other than a deletion.
    """
    reference = context.reference("instances", context.path["instance"])
    instance = context.state.get(reference)
    if instance.get("deletionProtection"):
        message = (
            f"Invalid resource usage: 'Resource cannot be deleted if it's protected against "
            f"deletion. Resource: {reference.path}'."
        )
        raise refused(412, "conditionNotMet", message)
    running = context.state.busy.get(reference.path)
    if running is not None and (context.failure or running["operationType"] == "delete"):
        require_ready(context, reference)
    abort_running_operation(context.state, reference)
    status_before = instance["status"]
    instance["status"] = "STOPPING"

    def finish() -> None:
        auto_delete = {disk["source"] for disk in instance["disks"] if disk["autoDelete"]}
        _remove(context, reference, instance, delete_disks=auto_delete)

    def undo() -> None:
        instance["status"] = status_before

    return start_operation(
        context,
        "delete",
        reference,
        instance["id"],
        finish=finish,
        undo=undo,
    )


def ready_instance(context: RequestContext) -> tuple[Reference, Resource]:
    """Return the instance in the path.

    Raises Refused when it does not exist, and while an operation on it is running.
    """
    reference = context.reference("instances", context.path["instance"])
    instance = context.state.get(reference)
    require_ready(context, reference)
    return reference, instance


def machine_type_from_link(context: RequestContext, text: str, field: str) -> Resource:
    """Return the machine type of a link; raises Refused when the zone does not offer it."""
    reference = context.resolve_link(text, "machineTypes", field)
    zone = context.path["zone"]
    machine_type = machine_types(context.project.name, zone).get(reference.name)
    if machine_type is None or reference.scope != context.scope:
        message = f"Machine type with name '{reference.name}' does not exist in zone '{zone}'."
        raise invalid(field, text, message)
    return machine_type


def new_metadata(requested: dict[str, Any]) -> Resource:
    """Return the requested metadata of an instance, with its fingerprint."""
    items = requested.get("items", [])
    content: Resource = {"kind": "compute#metadata", "fingerprint": fingerprint(items)}
    return content | ({"items": items} if items else {})


def new_tags(requested: dict[str, Any]) -> Resource:
    """Return the requested network tags of an instance, with their fingerprint."""
    items = requested.get("items", [])
    return {"fingerprint": fingerprint(items)} | ({"items": items} if items else {})


def _new_instance(
    context: RequestContext, reference: Reference, machine_type: Resource
) -> Resource:
    body = context.body
    series = series_of(machine_type["name"]).name
    instance: Resource = new_resource(context.state, reference, "compute#instance")
    instance |= {
        "canIpForward": False,
        "deletionProtection": False,
        "status": "PROVISIONING",
        "machineType": machine_type["selfLink"],
        "cpuPlatform": _CPU_PLATFORMS.get(series, "Intel Broadwell"),
        "zone": scope_link(context.project.name, reference.scope),
        "scheduling": _scheduling(body.get("scheduling", {})),
        "metadata": new_metadata(body.get("metadata", {})),
        "tags": new_tags(body.get("tags", {})),
        "startRestricted": False,
        "shieldedInstanceConfig": {
            "enableSecureBoot": False,
            "enableVtpm": True,
            "enableIntegrityMonitoring": True,
        },
        "shieldedInstanceIntegrityPolicy": {"updateAutoLearnPolicy": True},
        "fingerprint": fingerprint(reference.path),
    }
    instance |= {name: body[name] for name in _BODY_FIELDS if name in body}
    return with_labels(instance, body.get("labels"))


def _scheduling(requested: dict[str, Any]) -> Resource:
    """Return the scheduling of an instance; host maintenance terminates Spot VMs."""
    spot = requested.get("provisioningModel") == "SPOT" or bool(requested.get("preemptible"))
    return {
        "onHostMaintenance": "TERMINATE" if spot else "MIGRATE",
        "automaticRestart": not spot,
        "provisioningModel": "SPOT" if spot else "STANDARD",
        **requested,
        "preemptible": spot,
    }


def _disks_of(context: RequestContext, instance: Resource) -> list[Resource]:
    """Return the disk resources that are attached to an instance."""
    disks_by_name = context.project.collection("disks", context.scope)
    names = [name_in(disk["source"]) for disk in instance["disks"]]
    return [disks_by_name[name] for name in names if name in disks_by_name]


def _remove(
    context: RequestContext, reference: Reference, instance: Resource, *, delete_disks: set[str]
) -> None:
    """Remove an instance, release its addresses, and detach its disks.

    `delete_disks` has the links of the disks to delete unless another instance uses them.
    """
    context.project.collection("instances", reference.scope).pop(reference.name, None)
    release_external_addresses(context.project, instance, static_too=True)
    for disk in _disks_of(context, instance):
        disk["users"] = [user for user in disk.get("users", ()) if user != reference.link]
        disk["status"] = "READY"
        if not disk["users"]:
            del disk["users"]
            if disk["selfLink"] in delete_disks:
                disks.remove(context, context.reference("disks", disk["name"]))
            else:
                disk["lastDetachTimestamp"] = timestamp()
