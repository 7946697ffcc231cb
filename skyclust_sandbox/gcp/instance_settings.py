"""The methods of instances that change settings, such as setMachineType and setTags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skyclust_sandbox.gcp import resources
from skyclust_sandbox.gcp.instances import (
    machine_type_from_link,
    new_metadata,
    new_tags,
    ready_instance,
)
from skyclust_sandbox.gcp.links import name_in
from skyclust_sandbox.gcp.machine_types import series_of
from skyclust_sandbox.gcp.operations import start_operation
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.responses import Resource, refused


def set_machine_type(context: RequestContext) -> Resource:
    """Start the operation that changes the machine type of a stopped instance.

    Raises Refused unless both types have the same architecture and default disk type.
    """
    reference, instance = ready_instance(context)
    machine_type = machine_type_from_link(
        context, context.body.get("machineType", ""), "machineType"
    )
    if instance["status"] != "TERMINATED":
        message = "Invalid resource usage: 'The machine type of a running instance is fixed.'."
        raise refused(400, "invalidUsage", message)
    present_name = name_in(instance["machineType"])
    series, present = series_of(machine_type["name"]), series_of(present_name)
    if series.architecture != present.architecture or series.disk_type != present.disk_type:
        message = (
            f"[{present_name}] disks and [{machine_type['name']}] features are not compatible."
        )
        raise refused(400, "invalid", message)

    def finish() -> None:
        instance["machineType"] = machine_type["selfLink"]

    return start_operation(context, "setMachineType", reference, instance["id"], finish=finish)


def set_labels(context: RequestContext) -> Resource:
    """Start the operation that replaces the labels of an instance."""
    reference = context.reference("instances", context.path["instance"])
    return resources.set_labels(context, reference)


def set_metadata(context: RequestContext) -> Resource:
    """Start the operation that replaces the metadata of an instance."""
    return _replace(context, "setMetadata", "metadata", new_metadata)


def set_tags(context: RequestContext) -> Resource:
    """Start the operation that replaces the network tags of an instance."""
    return _replace(context, "setTags", "tags", new_tags)


def set_deletion_protection(context: RequestContext) -> Resource:
    """Start the operation that sets or removes the deletion protection of an instance."""
    reference = context.reference("instances", context.path["resource"])
    instance = context.state.get(reference)
    protected = context.query.get("deletionProtection", "true").lower() == "true"

    def finish() -> None:
        instance["deletionProtection"] = protected

    return start_operation(
        context, "setDeletionProtection", reference, instance["id"], finish=finish
    )


def _replace(
    context: RequestContext,
    operation_type: str,
    field: str,
    new_value: Callable[[dict[str, Any]], Resource],
) -> Resource:
    """Start the operation that replaces a field which has a fingerprint.

    Raises Refused unless the request has the present fingerprint.
    """
    reference, instance = ready_instance(context)
    mismatch = f"Supplied fingerprint does not match current {field} fingerprint."
    resources.require_fingerprint(
        context.body.get("fingerprint"), instance[field]["fingerprint"], "fingerprint", mismatch
    )

    def finish() -> None:
        instance[field] = new_value(context.body)

    return start_operation(context, operation_type, reference, instance["id"], finish=finish)
