"""Resource groups, and whatever is in them.

Source: https://learn.microsoft.com/en-us/rest/api/resources/resource-groups
"""

from __future__ import annotations

import re
from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.locations import LOCATIONS, name_of
from skyclust_sandbox.azure.operations import Operation
from skyclust_sandbox.azure.paging import page
from skyclust_sandbox.azure.request_context import Ask, retry_after
from skyclust_sandbox.azure.responses import Document, refusal, reply
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import check_tags, properties

KIND: Final = "Microsoft.Resources/resourceGroups"

_FILTER: Final = re.compile(r"(\w+) eq '([^']*)'", re.IGNORECASE)


def put(ask: Ask) -> Response:
    """ResourceGroups_CreateOrUpdate."""
    body = ask.body()
    location = name_of(str(body.get("location", "")))
    if location not in LOCATIONS:
        message = f"The provided location '{body.get('location')}' is not available."
        raise refusal(400, "LocationNotAvailableForResourceGroup", message)
    check_tags(body.get("tags", {}))
    existing = ask.state.resources.find(ask.group_id)
    if existing is None:
        made = make(ask.state, ask.names["subscription"], ask.names["group"], location)
        made.body["tags"] = body.get("tags", {})
        return reply(made.body, 201)
    if existing.location != location:
        message = (
            f"Invalid resource group location '{location}'. The Resource group already exists in"
            f" location '{existing.location}'."
        )
        raise refusal(409, "InvalidResourceGroupLocation", message)
    existing.body["tags"] = body.get("tags", {})
    return reply(existing.body)


def make(state: State, subscription: str, name: str, location: str) -> Resource:
    """Return a new resource group, put in its place."""
    group_id = f"/subscriptions/{subscription}/resourceGroups/{name}"
    body: Document = {
        "id": group_id,
        "name": name,
        "type": KIND,
        "location": location,
        "properties": {"provisioningState": "Succeeded"},
    }
    group = Resource(group_id, KIND, name, subscription, name, location, body)
    state.resources.add(group)
    return group


def get(ask: Ask) -> Response:
    """ResourceGroups_Get."""
    return reply(ask.require_group().body)


def check_existence(ask: Ask) -> Response:
    """ResourceGroups_CheckExistence."""
    return reply(None, 404 if ask.state.resources.find(ask.group_id) is None else 204)


def update(ask: Ask) -> Response:
    """ResourceGroups_Update."""
    group = ask.require_group()
    tags = ask.body().get("tags", {})
    check_tags(tags)
    group.body["tags"] = tags
    return reply(group.body)


def list_all(ask: Ask) -> Response:
    """ResourceGroups_List."""
    return page(ask, ask.state.resources.of_type(ask.names["subscription"], KIND))


def delete(ask: Ask) -> Response:
    """ResourceGroups_Delete: everything in it goes with it."""
    group = ask.require_group()
    properties(group)["provisioningState"] = "Deleting"
    operation = Operation("Microsoft.Resources", group.location, group.subscription)
    ask.state.operations[operation.id] = operation
    state = ask.state

    def gone() -> None:
        for one in list(state.resources.of_subscription(group.subscription)):
            if one.group.lower() == group.name.lower():
                state.resources.remove(one)
        operation.succeed()

    state.agenda.after(state.settings.transition_seconds, gone)
    location = operation.result_url(ask.request.host_url, ask.version)
    return reply(None, 202, {"Location": location, "Retry-After": retry_after(state)})


def list_resources(ask: Ask) -> Response:
    """Resources_List and Resources_ListByResourceGroup."""
    group = ask.names.get("group")
    if group is not None:
        ask.require_group()
    wanted = {name.lower(): value for name, value in _FILTER.findall(_filter(ask))}
    found = [
        one
        for one in ask.state.resources.of_subscription(ask.names["subscription"])
        if one.type != KIND
        and (group is None or one.group.lower() == group.lower())
        and _fits(one, wanted)
    ]
    return page(ask, found, _brief)


def _filter(ask: Ask) -> str:
    asked = ask.request.args.get("$filter", "")
    if _FILTER.sub("", asked).replace("and", "").strip():
        raise refusal(400, "InvalidFilterInQueryString", f"The filter '{asked}' is not supported.")
    return asked


def _fits(resource: Resource, wanted: dict[str, str]) -> bool:
    tags = resource.body.get("tags", {})
    has: dict[str, str] = {
        "resourcetype": resource.type,
        "location": resource.location,
        "name": resource.name,
        "resourcegroup": resource.group,
    }
    by_tag = {name: wanted[name] for name in ("tagname", "tagvalue") if name in wanted}
    if by_tag and isinstance(tags, dict):
        value = tags.get(by_tag.get("tagname", ""))
        if value is None or by_tag.get("tagvalue", value) != value:
            return False
    return all(
        has.get(name, "").lower() == value.lower()
        for name, value in wanted.items()
        if name not in by_tag
    )


def _brief(resource: Resource) -> dict[str, Any]:
    kept = ("id", "name", "type", "location", "tags", "sku", "managedBy")
    return {name: resource.body[name] for name in kept if name in resource.body}
