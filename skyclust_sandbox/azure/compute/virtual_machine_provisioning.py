"""The provisioning state of a virtual machine during updates and power changes."""

from __future__ import annotations

from collections.abc import Iterable

from skyclust_sandbox.azure.compute import disks
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error
from skyclust_sandbox.azure.state import Resource


def check_not_busy(vm: Resource) -> None:
    """Refuse a change of a VM while it is deleted or another operation is in progress."""
    if vm.properties["provisioningState"] == "Deleting":
        message = f"Operation is not allowed on VM '{vm.name}' since the VM is marked for"
        raise arm_error(409, "OperationNotAllowed", f"{message} deletion.")
    if vm.is_busy:
        raise arm_error(
            409,
            "Conflict",
            "The request failed due to conflict with a concurrent request. To resolve it, please"
            " refer to https://aka.ms/activitylog to get more details on the conflicting requests.",
        )


def check_if_match(context: RequestContext, vm: Resource) -> None:
    """Refuse a request whose `If-Match` header is not the VM's current entity tag."""
    etag = context.request.headers.get("If-Match")
    if etag not in {None, "*", vm.body["etag"]}:
        message = f"The condition 'If-Match: {etag}' is not satisfied."
        raise arm_error(412, "PreconditionFailed", message)


def begin_update(vm: Resource) -> None:
    """Set the provisioning state to Updating, and the entity tag to a new value."""
    vm.properties["provisioningState"] = "Updating"
    number = int(str(vm.body["etag"]).strip('"')) + 1
    vm.body["etag"] = f'"{number}"'


def end_update(vm: Resource, detached: Iterable[Resource] = ()) -> None:
    """Set the provisioning state to Succeeded, and detach the disks that the update removed."""
    vm.properties["provisioningState"] = "Succeeded"
    vm.failure = None
    for disk in detached:
        disks.detach(disk)
