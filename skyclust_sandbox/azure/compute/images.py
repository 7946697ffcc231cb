"""Managed images.

Source: https://learn.microsoft.com/en-us/rest/api/compute/images
"""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute import disks
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error, json_response
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tags import check_tags
from skyclust_sandbox.azure.tracked_resources import create_resource, read_put_request

RESOURCE_TYPE: Final = "Microsoft.Compute/images"
_VIRTUAL_MACHINES: Final = "Microsoft.Compute/virtualMachines"


def create_or_update(context: RequestContext) -> Response:
    """Images_CreateOrUpdate: from a disk, a snapshot or a virtual machine."""
    existing, body = read_put_request(context, RESOURCE_TYPE)
    check_tags(body.get("tags", {}))
    if existing is not None:
        existing.body["tags"] = body.get("tags", {})
        return _accept(context, existing, created=False)
    requested = body.setdefault("properties", {})
    if "sourceVirtualMachine" in requested:
        vm_id = requested["sourceVirtualMachine"]["id"]
        requested["storageProfile"] = _storage_profile_of_vm(context, vm_id)
    storage_profile = requested.get("storageProfile")
    if storage_profile is None:
        message = "Required parameter 'image.storageProfile' is missing (null)."
        raise arm_error(400, "InvalidParameter", message)
    source = _require_source(context, storage_profile["osDisk"], body["location"])
    storage_profile["osDisk"].setdefault("diskSizeGB", source.properties["diskSizeGB"])
    properties = {"hyperVGeneration": "V2", **requested, "storageProfile": storage_profile}
    image = create_resource(context, RESOURCE_TYPE, {**body, "properties": properties})
    image.content = source.content
    return _accept(context, image, created=True)


def update(context: RequestContext) -> Response:
    """Images_Update."""
    image = context.require_resource(RESOURCE_TYPE)
    tags = context.body().get("tags", {})
    check_tags(tags)
    image.body["tags"] = tags
    return _accept(context, image, created=False)


def delete(context: RequestContext) -> Response:
    """Images_Delete."""
    context.require_resource_group()
    resources = context.state.resources
    image = resources.find(context.resource_id(RESOURCE_TYPE))
    if image is None:
        return json_response(None, 204)
    image.properties["provisioningState"] = "Deleting"
    operation = context.begin_operation(image, lambda: resources.remove(image))
    return context.accepted_response(operation, None, 202, location_header=True)


def find_image(state: State, image_id: str) -> Resource | None:
    """Return the managed image with this id, or None."""
    resource = state.resources.find(image_id)
    return resource if resource is not None and resource.type == RESOURCE_TYPE else None


def _storage_profile_of_vm(context: RequestContext, vm_resource_id: str) -> dict[str, Any]:
    """Return the storage profile of an image of a VM, which must be deallocated."""
    vm = context.state.resources.find(vm_resource_id)
    if vm is None or vm.type != _VIRTUAL_MACHINES:
        raise arm_error(404, "ResourceNotFound", f"The resource {vm_resource_id} was not found.")
    if vm.power != "deallocated":
        message = f"The VM {vm.name} must be deallocated and generalized to be captured."
        raise arm_error(409, "OperationNotAllowed", message)
    os_disk = vm.properties["storageProfile"]["osDisk"]
    return {
        "osDisk": {
            "osType": os_disk["osType"],
            "osState": "Generalized",
            "caching": os_disk["caching"],
            "managedDisk": {"id": os_disk["managedDisk"]["id"]},
        },
        "dataDisks": [],
        "zoneResilient": False,
    }


def _require_source(context: RequestContext, os_disk: dict[str, Any], location: str) -> Resource:
    """Return the disk or snapshot of an image's OS disk; refuses one in another location."""
    for name in ("managedDisk", "snapshot"):
        if name in os_disk:
            source_id = os_disk[name]["id"]
            source = context.state.resources.find(source_id)
            if source is None or source.type not in {disks.RESOURCE_TYPE, disks.SNAPSHOT_TYPE}:
                raise arm_error(404, "ResourceNotFound", f"The resource {source_id} was not found.")
            if source.location != location:
                message = f"The source {source_id} is not in location {location}."
                raise arm_error(400, "InvalidParameter", message)
            return source
    message = "The image's osDisk must name a managedDisk or a snapshot."
    raise arm_error(400, "InvalidParameter", message)


def _accept(context: RequestContext, image: Resource, *, created: bool) -> Response:
    properties = image.properties
    properties["provisioningState"] = "Creating" if created else "Updating"

    def on_complete() -> None:
        properties["provisioningState"] = "Succeeded"

    operation = context.begin_operation(image, on_complete)
    status = 201 if created else 200
    return context.accepted_response(operation, image.body, status, location_header=False)
