"""The methods of instances that change the status: start, stop, suspend, resume and reset.

See https://cloud.google.com/compute/docs/instances/instance-lifecycle.
"""

from __future__ import annotations

from skyclust_sandbox.gcp.instances import ready_instance
from skyclust_sandbox.gcp.links import Reference
from skyclust_sandbox.gcp.network_interfaces import (
    assign_external_addresses,
    release_external_addresses,
)
from skyclust_sandbox.gcp.operations import start_operation
from skyclust_sandbox.gcp.quotas import start_quota_failure
from skyclust_sandbox.gcp.request_context import OperationFailure, RequestContext
from skyclust_sandbox.gcp.responses import Resource, not_ready, refused, timestamp
from skyclust_sandbox.gcp.serial_port import record_reset


def start(context: RequestContext) -> Resource:
    """Start the operation that starts an instance; without effect on a running instance."""
    reference, instance = ready_instance(context)
    if instance["status"] == "RUNNING":
        return start_operation(context, "start", reference, instance["id"], immediate=True)
    if instance["status"] != "TERMINATED":
        raise not_ready(reference.path)
    if not any(disk["boot"] for disk in instance["disks"]):
        raise refused(400, "invalid", "Invalid resource usage: 'The instance has no boot disk.'.")
    failure = context.failure or start_quota_failure(context.project, instance)
    return _power_on(context, "start", reference, instance, failure=failure)


def resume(context: RequestContext) -> Resource:
    """Start the operation that resumes a suspended instance."""
    reference, instance = ready_instance(context)
    if instance["status"] != "SUSPENDED":
        raise not_ready(reference.path)
    return _power_on(context, "resume", reference, instance, failure=context.failure)


def stop(context: RequestContext) -> Resource:
    """Start the operation that stops an instance; without effect on a stopped instance."""
    reference, instance = ready_instance(context)
    if instance["status"] == "TERMINATED":
        return start_operation(context, "stop", reference, instance["id"], immediate=True)
    return _power_off(context, "stop", "STOPPING", "TERMINATED", "lastStopTimestamp")


def suspend(context: RequestContext) -> Resource:
    """Start the operation that suspends a running instance."""
    reference, instance = ready_instance(context)
    if instance["status"] != "RUNNING":
        raise not_ready(reference.path)
    return _power_off(context, "suspend", "SUSPENDING", "SUSPENDED", "lastSuspendedTimestamp")


def reset(context: RequestContext) -> Resource:
    """Start the operation that resets a running instance; its status stays RUNNING."""
    reference, instance = ready_instance(context)
    if instance["status"] != "RUNNING":
        raise not_ready(reference.path)

    def finish() -> None:
        record_reset(context.state, instance)

    return start_operation(context, "reset", reference, instance["id"], finish=finish)


def _power_on(
    context: RequestContext,
    operation_type: str,
    reference: Reference,
    instance: Resource,
    *,
    failure: OperationFailure | None,
) -> Resource:
    status_before = instance["status"]
    instance["status"] = "PROVISIONING"

    def stage() -> None:
        instance["status"] = "STAGING"
        assign_external_addresses(context.project, instance)

    def finish() -> None:
        instance.update(status="RUNNING", lastStartTimestamp=timestamp())

    def undo() -> None:
        instance["status"] = status_before
        release_external_addresses(context.project, instance)

    return start_operation(
        context,
        operation_type,
        reference,
        instance["id"],
        steps=[(0.4, stage)],
        finish=finish,
        undo=undo,
        failure=failure,
    )


def _power_off(
    context: RequestContext,
    operation_type: str,
    transitional_status: str,
    final_status: str,
    timestamp_field: str,
) -> Resource:
    reference, instance = ready_instance(context)
    status_before = instance["status"]
    instance["status"] = transitional_status

    def finish() -> None:
        instance.update({"status": final_status, timestamp_field: timestamp()})
        release_external_addresses(context.project, instance)

    def undo() -> None:
        instance["status"] = status_before

    return start_operation(
        context, operation_type, reference, instance["id"], finish=finish, undo=undo
    )
