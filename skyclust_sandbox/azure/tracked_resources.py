"""What the handlers of all tracked resources share: create, get, list and delete.

A tracked resource has a location and belongs to a resource group.
"""

from __future__ import annotations

import re
import uuid
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

NETWORK_DURATION_FACTOR: Final = 0.25
"""An operation of Microsoft.Network takes a quarter of the time of a VM operation."""

_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.\-]{0,78}[A-Za-z0-9_])?")


def read_put_request(
    context: RequestContext, resource_type: str
) -> tuple[Resource | None, dict[str, Any]]:
    """Return the existing resource that a PUT updates, if any, and the request's body.

    Refuses an unknown resource group or location, a resource that exists in another location, a
    name that Azure does not allow, and fields that the resource type does not have.
    """
    context.require_resource_group()
    body = context.body()
    check_request(resource_type, body)
    location = body.get("location")
    if not isinstance(location, str) or not location:
        message = "The location property is required for this definition."
        raise arm_error(400, "LocationRequired", message)
    body["location"] = normalize_location(location)
    if body["location"] not in LOCATIONS:
        raise arm_error(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{location}' is not available for resource type"
            f" '{resource_type}'. List of available regions for the resource type is"
            f" '{','.join(LOCATIONS)}'.",
        )
    name = context.path_parameters["name"]
    if _NAME.fullmatch(name) is None:
        raise arm_error(400, "InvalidResourceName", f"Resource name {name} is invalid.")
    existing = context.state.resources.find(context.resource_id(resource_type))
    if existing is not None and existing.location != body["location"]:
        raise arm_error(
            409,
            "InvalidResourceLocation",
            f"The resource '{existing.name}' already exists in location '{existing.location}' in"
            f" resource group '{existing.group}'. A resource with the same name cannot be created"
            f" in location '{body['location']}'. Please select a new resource name.",
        )
    if existing is not None and resource_type.startswith("Microsoft.Network/"):
        check_not_busy(existing)
    return existing, body


def check_not_busy(resource: Resource) -> None:
    """Refuse a change of a network resource while another operation is in progress."""
    if resource.is_busy:
        raise arm_error(
            409,
            "AnotherOperationInProgress",
            "Another operation on this or dependent resource is in progress. To retrieve status"
            f" of the operation use its uri. Resource: {resource.id}.",
        )


def create_resource(context: RequestContext, resource_type: str, body: dict[str, Any]) -> Resource:
    """Create the resource that the path names, with this body, and return it."""
    name = context.path_parameters["name"]
    resource_id = context.resource_id(resource_type)
    resource = Resource(
        id=resource_id,
        type=resource_type,
        name=name,
        subscription=context.subscription,
        group=context.path_parameters["group"],
        location=body["location"],
        body={"name": name, "id": resource_id, "type": resource_type, **body},
    )
    context.state.resources.add(resource)
    return resource


def new_etag() -> str:
    """Return a new entity tag in the format of Microsoft.Network."""
    return f'W/"{uuid.uuid4()}"'


def get_handler(resource_type: str) -> Callable[[RequestContext], Response]:
    """Return the handler of a GET of one resource of this type."""

    def handle(context: RequestContext) -> Response:
        resource = context.require_resource(resource_type)
        etag = resource.body.get("etag")
        return json_response(resource.body, headers={"ETag": str(etag)} if etag else None)

    return handle


def list_handler(resource_type: str) -> Callable[[RequestContext], Response]:
    """Return the handler that lists a type in the path's resource group or subscription."""

    def handle(context: RequestContext) -> Response:
        group = context.path_parameters.get("group")
        if group is not None:
            context.require_resource_group()
        resources = context.state.resources.of_type(context.subscription, resource_type, group)
        return page(context, resources)

    return handle


def update_tags_handler(resource_type: str) -> Callable[[RequestContext], Response]:
    """Return the handler of a PATCH that replaces the tags of a network resource."""

    def handle(context: RequestContext) -> Response:
        resource = context.require_resource(resource_type)
        tags = context.body().get("tags", {})
        check_tags(tags)
        resource.body.update({"tags": tags, "etag": new_etag()})
        return json_response(resource.body)

    return handle


def delete_handler(
    resource_type: str,
    *,
    check_not_in_use: Callable[[Resource], None] | None = None,
    release_references: Callable[[State, Resource], None] | None = None,
) -> Callable[[RequestContext], Response]:
    """Return the handler of a DELETE of a network resource.

    `check_not_in_use` refuses the deletion while another resource uses this one.
    `release_references` removes it from the resources that it uses.
    """

    def handle(context: RequestContext) -> Response:
        context.require_resource_group()
        state = context.state
        resource = state.resources.find(context.resource_id(resource_type))
        if resource is None:
            return json_response(None, 204)
        operation = resource.operation
        if operation is not None and resource.properties["provisioningState"] == "Deleting":
            return context.accepted_response(operation, None, 202, location_header=True)
        check_not_busy(resource)
        if check_not_in_use is not None:
            check_not_in_use(resource)
        resource.properties["provisioningState"] = "Deleting"

        def on_complete() -> None:
            if release_references is not None:
                release_references(state, resource)
            state.resources.remove(resource)

        operation = context.begin_operation(
            resource, on_complete, duration_factor=NETWORK_DURATION_FACTOR
        )
        return context.accepted_response(operation, None, 202, location_header=True)

    return handle


def put_response(context: RequestContext, resource: Resource, *, created: bool) -> Response:
    """Start the provisioning of a network resource and return the response to its PUT."""
    properties = resource.properties
    properties["provisioningState"] = "Updating"

    def on_complete() -> None:
        properties["provisioningState"] = "Succeeded"
        resource.body["etag"] = new_etag()

    operation = context.begin_operation(
        resource, on_complete, duration_factor=NETWORK_DURATION_FACTOR
    )
    status = 201 if created else 200
    return context.accepted_response(operation, resource.body, status, location_header=False)


def require_reference(
    state: State, resource_id: str, resource_type: str, location: str, referrer_id: str
) -> Resource:
    """Return a referenced resource; refuses one that is missing or in another location."""
    resource = state.resources.find(resource_id)
    if (
        resource is None
        or resource.type.lower() != resource_type.lower()
        or resource.location != location
    ):
        raise invalid_reference_error(resource_id, referrer_id)
    return resource


def invalid_reference_error(resource_id: str, referrer_id: str) -> Exception:
    """Return the error to raise for a reference to a resource that the location does not have."""
    return arm_error(
        400,
        "InvalidResourceReference",
        f"Resource {resource_id} referenced by resource {referrer_id} was not found. Please make"
        " sure that the referenced resource exists, and that both resources are in the same"
        " region.",
    )
