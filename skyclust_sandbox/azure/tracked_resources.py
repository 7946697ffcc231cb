"""What all resources of a group share when they are made, read, tagged and deleted."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.locations import LOCATIONS, name_of
from skyclust_sandbox.azure.paging import page
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal, reply
from skyclust_sandbox.azure.schema import check_request
from skyclust_sandbox.azure.state import Resource, State

NETWORK_SHARE: Final = 0.25
"""Changes of the network take so much of the time that a machine's change takes."""

_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.\-]{0,78}[A-Za-z0-9_])?")


def read_put(ask: Ask, kind: str) -> tuple[Resource | None, dict[str, Any]]:
    """Return the resource that a PUT would change, if it is there, and what is asked for.

    Refuses a group or location that there is not, a resource elsewhere, a name that Azure
    does not take, and fields that the resource does not have.
    """
    ask.require_group()
    body = ask.body()
    check_request(kind, body)
    location = body.get("location")
    if not isinstance(location, str) or not location:
        message = "The location property is required for this definition."
        raise refusal(400, "LocationRequired", message)
    body["location"] = name_of(location)
    if body["location"] not in LOCATIONS:
        raise refusal(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{location}' is not available for resource type '{kind}'."
            f" List of available regions for the resource type is '{','.join(LOCATIONS)}'.",
        )
    if _NAME.fullmatch(ask.names["name"]) is None:
        message = f"Resource name {ask.names['name']} is invalid."
        raise refusal(400, "InvalidResourceName", message)
    existing = ask.state.resources.find(ask.id_of(kind))
    if existing is not None and existing.location != body["location"]:
        raise refusal(
            409,
            "InvalidResourceLocation",
            f"The resource '{existing.name}' already exists in location '{existing.location}' in"
            f" resource group '{existing.group}'. A resource with the same name cannot be created"
            f" in location '{body['location']}'. Please select a new resource name.",
        )
    if existing is not None and kind.startswith("Microsoft.Network/"):
        refuse_busy(existing)
    return existing, body


def refuse_busy(resource: Resource) -> None:
    """Refuse a change of a network's resource while another is under way."""
    if resource.is_busy:
        raise refusal(
            409,
            "AnotherOperationInProgress",
            "Another operation on this or dependent resource is in progress. To retrieve status"
            f" of the operation use its uri. Resource: {resource.id}.",
        )


def make(ask: Ask, kind: str, body: dict[str, Any]) -> Resource:
    """Return a new resource of the path's name with this body, put in its place."""
    name = ask.names["name"]
    resource = Resource(
        id=ask.id_of(kind),
        type=kind,
        name=name,
        subscription=ask.names["subscription"],
        group=ask.names["group"],
        location=body["location"],
        body=body,
    )
    resource.body = {"name": name, "id": resource.id, "type": kind, **body}
    ask.state.resources.add(resource)
    return resource


def etag() -> str:
    """Return a new entity tag, as Network writes them."""
    return f'W/"{uuid.uuid4()}"'


def properties(resource: Resource) -> dict[str, Any]:
    """Return the properties of a resource, to be read or changed."""
    found: dict[str, Any] = resource.body["properties"]
    return found


def get(kind: str) -> Callable[[Ask], Response]:
    """Return what answers a GET of one resource of this type."""

    def answer(ask: Ask) -> Response:
        found = ask.find(kind)
        tag = found.body.get("etag")
        return reply(found.body, headers={"ETag": str(tag)} if tag else None)

    return answer


def list_of(kind: str) -> Callable[[Ask], Response]:
    """Return what answers a list of this type: of the path's group, or of the subscription."""

    def answer(ask: Ask) -> Response:
        group = ask.names.get("group")
        if group is not None:
            ask.require_group()
        return page(ask, ask.state.resources.of_type(ask.names["subscription"], kind, group))

    return answer


def update_tags(kind: str) -> Callable[[Ask], Response]:
    """Return what answers a PATCH that replaces the tags of a network's resource."""

    def answer(ask: Ask) -> Response:
        found = ask.find(kind)
        set_tags(found, ask.body().get("tags", {}))
        found.body["etag"] = etag()
        return reply(found.body)

    return answer


def set_tags(resource: Resource, tags: object) -> None:
    """Give a resource these tags and no others; refuses what Azure does not take.

    Source: https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/tag-resources
    """
    check_tags(tags)
    resource.body["tags"] = tags


def check_tags(tags: object) -> None:
    """Refuse more than 50 tags, long ones, and names with characters that are not allowed."""
    if not isinstance(tags, dict):
        raise refusal(400, "InvalidTags", "Tags must be an object.")
    if len(tags) > 50:
        raise refusal(400, "InvalidTagsCount", "A resource cannot have more than 50 tags.")
    for name, value in tags.items():
        if not 1 <= len(name) <= 512 or not isinstance(value, str) or len(value) > 256:
            raise refusal(400, "InvalidTag", f"The tag '{name}' is too long or no text.")
        if any(character in "<>%&\\?/" for character in name):
            message = f"The tag name '{name}' has reserved characters '<,>,%,&,\\,?,/'."
            raise refusal(400, "InvalidTagNameCharacters", message)


def delete(
    kind: str, refuse_use: Callable[[Ask, Resource], None], gone: Callable[[State, Resource], None]
) -> Callable[[Ask], Response]:
    """Return what answers a DELETE of a network's resource.

    `refuse_use` refuses while something uses it, `gone` clears what refers to it.
    """

    def answer(ask: Ask) -> Response:
        ask.require_group()
        found = ask.state.resources.find(ask.id_of(kind))
        if found is None:
            return reply(None, 204)
        if found.operation is not None and properties(found)["provisioningState"] == "Deleting":
            return ask.accepted(found.operation, None, 202, location=True)
        refuse_busy(found)
        refuse_use(ask, found)
        properties(found)["provisioningState"] = "Deleting"
        state = ask.state

        def end() -> None:
            gone(state, found)
            state.resources.remove(found)

        operation = ask.begin(found, end, share=NETWORK_SHARE)
        return ask.accepted(operation, None, 202, location=True)

    return answer


def accept_put(ask: Ask, resource: Resource, *, created: bool) -> Response:
    """Return the reply to a PUT of a network's resource, which is ready a little later."""
    kept = properties(resource)
    kept["provisioningState"] = "Updating"

    def ready() -> None:
        kept["provisioningState"] = "Succeeded"
        resource.body["etag"] = etag()

    operation = ask.begin(resource, ready, share=NETWORK_SHARE)
    return ask.accepted(operation, resource.body, 201 if created else 200, location=False)


def require_reference(
    state: State, resource_id: str, kind: str, location: str, by: str
) -> Resource:
    """Return a resource that another refers to; refuses one that is missing or elsewhere."""
    found = state.resources.find(resource_id)
    if found is None or found.type.lower() != kind.lower() or found.location != location:
        raise missing_reference(resource_id, by)
    return found


def missing_reference(resource_id: str, by: str) -> Exception:
    """Return the error to raise for a reference that leads nowhere in the location."""
    return refusal(
        400,
        "InvalidResourceReference",
        f"Resource {resource_id} referenced by resource {by} was not found. Please make sure that"
        " the referenced resource exists, and that both resources are in the same region.",
    )
