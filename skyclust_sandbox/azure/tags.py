"""Tags: their limits, and the operations on the tags of any resource.

Source: https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/tag-resources
and https://learn.microsoft.com/en-us/rest/api/resources/tags
"""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import Document, arm_error, json_response
from skyclust_sandbox.azure.state import Resource


def check_tags(tags: object) -> None:
    """Refuse more than 50 tags, too long tags, and names with reserved characters."""
    if not isinstance(tags, dict):
        raise arm_error(400, "InvalidTags", "Tags must be an object.")
    if len(tags) > 50:
        raise arm_error(400, "InvalidTagsCount", "A resource cannot have more than 50 tags.")
    for name, value in tags.items():
        if not 1 <= len(name) <= 512 or not isinstance(value, str) or len(value) > 256:
            raise arm_error(400, "InvalidTag", f"The tag '{name}' is too long or not a string.")
        if any(character in "<>%&\\?/" for character in name):
            message = f"The tag name '{name}' has reserved characters '<,>,%,&,\\,?,/'."
            raise arm_error(400, "InvalidTagNameCharacters", message)


def get_at_scope(context: RequestContext) -> Response:
    """Tags_GetAtScope."""
    return json_response(_tags_document(_require_scope(context)))


def create_or_update_at_scope(context: RequestContext) -> Response:
    """Tags_CreateOrUpdateAtScope: replaces all tags."""
    resource = _require_scope(context)
    return _replace_tags(resource, context.body().get("properties", {}).get("tags", {}))


def update_at_scope(context: RequestContext) -> Response:
    """Tags_UpdateAtScope: Merge, Replace or Delete."""
    resource, body = _require_scope(context), context.body()
    tags = body.get("properties", {}).get("tags", {})
    current: dict[str, Any] = resource.body.get("tags") or {}
    match str(body.get("operation", "")).lower():
        case "merge":
            return _replace_tags(resource, {**current, **tags})
        case "replace":
            return _replace_tags(resource, tags)
        case "delete":
            kept = {name: value for name, value in current.items() if name not in tags}
            return _replace_tags(resource, kept)
        case _:
            message = f"The tags operation '{body.get('operation')}' is not valid."
            raise arm_error(400, "InvalidTagsPatchOperation", message)


def delete_at_scope(context: RequestContext) -> Response:
    """Tags_DeleteAtScope."""
    _require_scope(context).body["tags"] = {}
    return json_response(None, 200)


def _require_scope(context: RequestContext) -> Resource:
    scope = context.path_parameters["scope"]
    resource = context.state.resources.find(f"/subscriptions/{context.subscription}/{scope}")
    if resource is None:
        message = f"The resource '{scope}' could not be found."
        raise arm_error(404, "ResourceNotFound", message)
    return resource


def _replace_tags(resource: Resource, tags: object) -> Response:
    check_tags(tags)
    resource.body["tags"] = tags
    return json_response(_tags_document(resource))


def _tags_document(resource: Resource) -> Document:
    return {
        "id": f"{resource.id}/providers/Microsoft.Resources/tags/default",
        "name": "default",
        "type": "Microsoft.Resources/tags",
        "properties": {"tags": resource.body.get("tags", {})},
    }
