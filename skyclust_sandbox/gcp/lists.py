"""The list and aggregatedList methods: filter, order and pages.

See https://cloud.google.com/compute/docs/reference/rest/v1/instances/aggregatedList.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from skyclust_sandbox.gcp.discovery import PARTIAL_SUCCESS, api
from skyclust_sandbox.gcp.filters import read_filter
from skyclust_sandbox.gcp.links import LINK_PREFIX
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.responses import Resource, invalid, refused

_LARGEST_PAGE: Final = 500

_Item = tuple[str, Resource]
"""A resource with its scope; the scope is empty in the list of a single scope."""

_Key = tuple[str, str, str]


def list_scope(
    context: RequestContext, resources: Iterable[Resource], largest_page: int | None
) -> Resource:
    """Return one page of the resources of one scope."""
    page, token = _page(context, [("", resource) for resource in resources], largest_page)
    content = _list_response(context, [])
    if page:
        content["items"] = [resource for _, resource in page]
    if token is not None:
        content["nextPageToken"] = token
    return content


def list_aggregated(
    context: RequestContext,
    collection: str,
    scopes: Mapping[str, Iterable[Resource]],
    largest_page: int | None,
    unreachable: Collection[str],
) -> Resource:
    """Return one page of the resources of all scopes; `collection` is the key of their lists.

    With returnPartialSuccess=true, warnings name the unreachable scopes. Without it, raises
    Refused when any scope is unreachable.
    """
    if unreachable and context.query.get(PARTIAL_SUCCESS, "false").lower() != "true":
        names = ", ".join(sorted(unreachable))
        message = f"The backends of {names} are unreachable."
        raise refused(503, "backendError", message, from_front_end=True)
    reachable = [
        (scope, resource)
        for scope, resources in scopes.items()
        if scope not in unreachable
        for resource in resources
    ]
    page, token = _page(context, reachable, largest_page)
    items: dict[str, Resource] = {scope: {} for scope in scopes}
    for scope, resource in page:
        items[scope].setdefault(collection, []).append(resource)
    for scope, scoped_list in items.items():
        if scope in unreachable:
            scoped_list["warning"] = _unreachable_warning([scope])
        elif not scoped_list:
            scoped_list["warning"] = _warning(
                "NO_RESULTS_ON_PAGE",
                f"There are no results for scope '{scope}' on this page.",
                [scope],
            )
    content = _list_response(context, sorted(unreachable))
    content["items"] = items
    if token is not None:
        content["nextPageToken"] = token
    return content


def _list_response(context: RequestContext, unreachable: list[str]) -> Resource:
    """Return the fields of a list response other than its items."""
    schema = api("compute.v1").schemas[str(context.method.response)]
    scope = "aggregated" if context.method.action == "aggregatedList" else context.scope
    path = f"projects/{context.project.name}/{scope}/{context.method.collection}"
    content: Resource = {
        "kind": schema["properties"]["kind"]["default"],
        "id": path,
        "selfLink": LINK_PREFIX + path,
    }
    if unreachable:
        content["unreachables"] = unreachable
        content["warning"] = _unreachable_warning(unreachable)
    return content


def _unreachable_warning(scopes: list[str]) -> Resource:
    message = f"The following scopes are unreachable: {', '.join(scopes)}."
    return _warning("UNREACHABLE", message, scopes)


def _warning(code: str, message: str, scopes: list[str]) -> Resource:
    data = [{"key": "scope", "value": scope} for scope in scopes]
    return {"code": code, "message": message, "data": data}


def _page(
    context: RequestContext, items: list[_Item], largest_page: int | None
) -> tuple[list[_Item], str | None]:
    """Return the items of the requested page, and the token of the next page if there is one."""
    max_results = _max_results(context)
    size = max_results if largest_page is None else min(max_results, largest_page)
    items = _filtered(context, items)
    key, descending = _order(context)
    items.sort(key=key, reverse=descending)
    last = _position(context)
    if last is not None:
        items = [item for item in items if (key(item) < last if descending else key(item) > last)]
    page = items[:size]
    if len(items) <= size or not page:
        return page, None
    return page, _page_token(context, key(page[-1]))


def _filtered(context: RequestContext, items: list[_Item]) -> list[_Item]:
    text = context.query.get("filter", "")
    if not text.strip():
        return items
    matches = read_filter(text)
    return [(scope, resource) for scope, resource in items if matches(resource)]


def _max_results(context: RequestContext) -> int:
    text = context.query.get("maxResults", str(_LARGEST_PAGE))
    size = int(text) if text.isdecimal() else -1
    if not 0 <= size <= _LARGEST_PAGE:
        raise invalid("maxResults", text, "Acceptable values are 0 to 500, inclusive.")
    return size or _LARGEST_PAGE


def _order(context: RequestContext) -> tuple[Callable[[_Item], _Key], bool]:
    """Return the sort key that `orderBy` names, and whether the order is descending."""
    text = context.query.get("orderBy", "name").strip()
    if text == "name":
        return lambda item: (item[0], item[1]["name"], ""), False
    if text == "creationTimestamp desc":
        return lambda item: (_created(item[1]), item[0], item[1]["name"]), True
    raise invalid("orderBy", text, "Only name and creationTimestamp desc are supported.")


def _created(resource: Resource) -> str:
    return str(resource.get("creationTimestamp") or resource.get("insertTime") or "")


def _position(context: RequestContext) -> _Key | None:
    """Return the sort key of the previous page's last item, which is in the page token."""
    text = context.query.get("pageToken", "")
    if not text:
        return None
    try:
        parameters, *position = json.loads(base64.urlsafe_b64decode(text.encode()))
        first, second, third = (str(part) for part in position)
    except (ValueError, TypeError) as error:
        raise invalid("pageToken", text, "The page token is invalid.") from error
    if parameters != _list_parameters(context):
        raise invalid("pageToken", text, "The page token belongs to another request.")
    return first, second, third


def _page_token(context: RequestContext, position: _Key) -> str:
    content = json.dumps([_list_parameters(context), *position])
    return base64.urlsafe_b64encode(content.encode()).decode()


def _list_parameters(context: RequestContext) -> str:
    """Return the parameters that must be the same in the requests for all pages of a list."""
    query = {name: context.query.get(name, "") for name in ("filter", "orderBy")}
    return json.dumps([context.method.id, context.project.name, context.scope, query])
