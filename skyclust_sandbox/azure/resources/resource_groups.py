"""Resource groups, and the generic lists of the resources in them.

Source: https://learn.microsoft.com/en-us/rest/api/resources/resource-groups
"""

from __future__ import annotations

import re
from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.locations import LOCATIONS, normalize_location
from skyclust_sandbox.azure.operations import Operation
from skyclust_sandbox.azure.paging import page
from skyclust_sandbox.azure.request_context import RequestContext, retry_after
from skyclust_sandbox.azure.responses import Document, arm_error, json_response
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tags import check_tags

RESOURCE_TYPE: Final = "Microsoft.Resources/resourceGroups"

_FILTER: Final = re.compile(r"(\w+) eq '([^']*)'", re.IGNORECASE)


def create_or_update(context: RequestContext) -> Response:
    """ResourceGroups_CreateOrUpdate."""
    body = context.body()
    location = normalize_location(str(body.get("location", "")))
    if location not in LOCATIONS:
        message = f"The provided location '{body.get('location')}' is not available."
        raise arm_error(400, "LocationNotAvailableForResourceGroup", message)
    check_tags(body.get("tags", {}))
    existing = context.state.resources.find(context.resource_group_id)
    if existing is None:
        name = context.path_parameters["group"]
        group = create_resource_group(context.state, context.subscription, name, location)
        group.body["tags"] = body.get("tags", {})
        return json_response(group.body, 201)
    if existing.location != location:
        message = (
            f"Invalid resource group location '{location}'. The Resource group already exists in"
            f" location '{existing.location}'."
        )
        raise arm_error(409, "InvalidResourceGroupLocation", message)
    existing.body["tags"] = body.get("tags", {})
    return json_response(existing.body)


def create_resource_group(state: State, subscription: str, name: str, location: str) -> Resource:
    """Create a resource group and return it."""
    group_id = f"/subscriptions/{subscription}/resourceGroups/{name}"
    body: Document = {
        "id": group_id,
        "name": name,
        "type": RESOURCE_TYPE,
        "location": location,
        "properties": {"provisioningState": "Succeeded"},
    }
    group = Resource(group_id, RESOURCE_TYPE, name, subscription, name, location, body)
    state.resources.add(group)
    return group


def get(context: RequestContext) -> Response:
    """ResourceGroups_Get."""
    return json_response(context.require_resource_group().body)


def check_existence(context: RequestContext) -> Response:
    """ResourceGroups_CheckExistence."""
    group = context.state.resources.find(context.resource_group_id)
    return json_response(None, 404 if group is None else 204)


def update(context: RequestContext) -> Response:
    """ResourceGroups_Update."""
    group = context.require_resource_group()
    tags = context.body().get("tags", {})
    check_tags(tags)
    group.body["tags"] = tags
    return json_response(group.body)


def list_all(context: RequestContext) -> Response:
    """ResourceGroups_List."""
    return page(context, context.state.resources.of_type(context.subscription, RESOURCE_TYPE))


def delete(context: RequestContext) -> Response:
    """ResourceGroups_Delete: deletes the resources in the group too."""
    group = context.require_resource_group()
    group.properties["provisioningState"] = "Deleting"
    operation = Operation("Microsoft.Resources", group.location, group.subscription)
    state = context.state
    state.operations[operation.id] = operation

    def complete() -> None:
        for resource in list(state.resources.of_subscription(group.subscription)):
            if resource.group.lower() == group.name.lower():
                state.resources.remove(resource)
        operation.succeed()

    state.timers.schedule(state.settings.transition_seconds, complete)
    location = operation.result_url(context.request.host_url, context.api_version)
    return json_response(None, 202, {"Location": location, "Retry-After": retry_after(state)})


def list_resources(context: RequestContext) -> Response:
    """Resources_List and Resources_ListByResourceGroup."""
    group = context.path_parameters.get("group")
    if group is not None:
        context.require_resource_group()
    conditions = {name.lower(): value for name, value in _FILTER.findall(_filter(context))}
    resources = [
        resource
        for resource in context.state.resources.of_subscription(context.subscription)
        if resource.type != RESOURCE_TYPE
        and (group is None or resource.group.lower() == group.lower())
        and _matches(resource, conditions)
    ]
    return page(context, resources, _generic_resource)


def _filter(context: RequestContext) -> str:
    """Return the `$filter` parameter; refuses all but equality conditions joined by `and`."""
    text = context.request.args.get("$filter", "")
    if _FILTER.sub("", text).replace("and", "").strip():
        message = f"The filter '{text}' is not supported."
        raise arm_error(400, "InvalidFilterInQueryString", message)
    return text


def _matches(resource: Resource, conditions: dict[str, str]) -> bool:
    tags = resource.body.get("tags", {})
    fields: dict[str, str] = {
        "resourcetype": resource.type,
        "location": resource.location,
        "name": resource.name,
        "resourcegroup": resource.group,
    }
    by_tag = {name: conditions[name] for name in ("tagname", "tagvalue") if name in conditions}
    if by_tag and isinstance(tags, dict):
        value = tags.get(by_tag.get("tagname", ""))
        if value is None or by_tag.get("tagvalue", value) != value:
            return False
    return all(
        fields.get(name, "").lower() == value.lower()
        for name, value in conditions.items()
        if name not in by_tag
    )


def _generic_resource(resource: Resource) -> dict[str, Any]:
    """Return the fields that the generic lists have of every resource."""
    fields = ("id", "name", "type", "location", "tags", "sku", "managedBy")
    return {name: resource.body[name] for name in fields if name in resource.body}
