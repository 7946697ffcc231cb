"""Azure Compute Galleries, their images (image definitions), and the versions of each image.

Source: https://learn.microsoft.com/en-us/rest/api/compute/galleries
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.locations import LOCATIONS, normalize_location
from skyclust_sandbox.azure.paging import page
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error, json_response
from skyclust_sandbox.azure.schema import check_request
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tags import check_tags

GALLERY: Final = "Microsoft.Compute/galleries"
IMAGE: Final = f"{GALLERY}/images"
IMAGE_VERSION: Final = f"{IMAGE}/versions"
_SOURCE_TYPES: Final = frozenset(
    {"Microsoft.Compute/disks", "Microsoft.Compute/snapshots", "Microsoft.Compute/images"}
)


def create_or_update_handler(resource_type: str) -> Callable[[RequestContext], Response]:
    """Return the handler of a PUT of a gallery, an image or an image version."""

    def handle(context: RequestContext) -> Response:
        context.require_resource_group()
        body = context.body()
        check_request(resource_type, body)
        check_tags(body.get("tags", {}))
        location = normalize_location(str(body.get("location") or ""))
        if location not in LOCATIONS:
            message = "The location property is required for this definition."
            raise arm_error(400, "LocationRequired", message)
        if resource_type != GALLERY:
            _require(context, _parent_type(resource_type))
        existing = context.state.resources.find(_resource_id(context, resource_type))
        resource = existing or _create(context, resource_type, location)
        properties = {**body.get("properties", {}), "provisioningState": "Creating"}
        if resource_type == IMAGE_VERSION:
            resource.content = _read_source_disks(context, properties)
        resource.body.update({**body, "location": location, "properties": properties})

        def on_complete() -> None:
            properties["provisioningState"] = "Succeeded"

        operation = context.begin_operation(resource, on_complete)
        status = 200 if existing else 201
        return context.accepted_response(operation, resource.body, status, location_header=False)

    return handle


def get_handler(resource_type: str) -> Callable[[RequestContext], Response]:
    """Return the handler of a GET of a gallery, an image or an image version."""
    return lambda context: json_response(_require(context, resource_type).body)


def delete_handler(resource_type: str) -> Callable[[RequestContext], Response]:
    """Return the handler of a DELETE, which refuses a resource with nested resources."""

    def handle(context: RequestContext) -> Response:
        resources = context.state.resources
        resource = resources.find(_resource_id(context, resource_type))
        if resource is None:
            return json_response(None, 204)
        if any(_is_nested(nested, resource.id) for nested in _images_and_versions(context)):
            message = f"Can not delete resource {resource.id} before nested resources are deleted."
            raise arm_error(409, "CannotDeleteResource", message)
        resource.properties["provisioningState"] = "Deleting"
        operation = context.begin_operation(resource, lambda: resources.remove(resource))
        return context.accepted_response(operation, None, 202, location_header=True)

    return handle


def list_children_handler(resource_type: str) -> Callable[[RequestContext], Response]:
    """Return the handler that lists the images of a gallery or the versions of an image."""

    def handle(context: RequestContext) -> Response:
        parent = _require(context, _parent_type(resource_type))
        children = [
            resource
            for resource in _images_and_versions(context)
            if resource.type == resource_type and _is_nested(resource, parent.id)
        ]
        return page(context, children)

    return handle


def find_version(state: State, version_id: str) -> Resource | None:
    """Return the image version with this id, or None."""
    resource = state.resources.find(version_id)
    return resource if resource is not None and resource.type == IMAGE_VERSION else None


def _parent_type(resource_type: str) -> str:
    return resource_type.rpartition("/")[0]


def _resource_id(context: RequestContext, resource_type: str) -> str:
    resource_id = context.resource_id(GALLERY)
    if resource_type != GALLERY:
        resource_id += f"/images/{context.path_parameters['image']}"
    if resource_type == IMAGE_VERSION:
        resource_id += f"/versions/{context.path_parameters['version']}"
    return resource_id


def _require(context: RequestContext, resource_type: str) -> Resource:
    context.require_resource_group()
    resource_id = _resource_id(context, resource_type)
    resource = context.state.resources.find(resource_id)
    if resource is None:
        message = f"The Resource '{resource_id}' was not found."
        raise arm_error(404, "ResourceNotFound", message)
    return resource


def _create(context: RequestContext, resource_type: str, location: str) -> Resource:
    resource_id = _resource_id(context, resource_type)
    name = resource_id.rpartition("/")[2]
    resource = Resource(
        id=resource_id,
        type=resource_type,
        name=name,
        subscription=context.subscription,
        group=context.path_parameters["group"],
        location=location,
        body={"name": name, "id": resource_id, "type": resource_type},
    )
    context.state.resources.add(resource)
    return resource


def _images_and_versions(context: RequestContext) -> list[Resource]:
    resources = context.state.resources
    return [
        resource
        for resource_type in (IMAGE, IMAGE_VERSION)
        for resource in resources.of_type(context.subscription, resource_type)
    ]


def _is_nested(resource: Resource, parent_id: str) -> bool:
    return resource.id.lower().startswith(f"{parent_id.lower()}/")


def _read_source_disks(context: RequestContext, properties: dict[str, Any]) -> str:
    """Set `sizeInGB` of each disk image of a version, and return the content of its OS disk."""
    storage_profile = properties.get("storageProfile") or {}
    os_disk_image = storage_profile.get("osDiskImage")
    if os_disk_image is None:
        message = "Required parameter 'storageProfile.osDiskImage' is missing (null)."
        raise arm_error(400, "InvalidParameter", message)
    content = ""
    for disk_image in (os_disk_image, *(storage_profile.get("dataDiskImages") or [])):
        source_id = str((disk_image.get("source") or {}).get("id", ""))
        source = context.state.resources.find(source_id)
        if source is None or source.type not in _SOURCE_TYPES:
            raise arm_error(404, "ResourceNotFound", f"The resource {source_id} was not found.")
        disk = source.properties
        if "diskSizeGB" not in disk:
            disk = disk["storageProfile"]["osDisk"]
        disk_image["sizeInGB"] = disk["diskSizeGB"]
        content = source.content if disk_image is os_disk_image else content
    return content
