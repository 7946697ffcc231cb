"""Lists: of one scope and of all at once, filtered, in pages.

See https://cloud.google.com/compute/docs/reference/rest/v1/instances/aggregatedList.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from skyclust_sandbox.gcp.discovery import PARTIAL_SUCCESS, api
from skyclust_sandbox.gcp.filters import read_filter
from skyclust_sandbox.gcp.locations import REGIONS, ZONES, region_of
from skyclust_sandbox.gcp.responses import LINK, Resource, invalid, refused
from skyclust_sandbox.gcp.state import Work

_PAGE: Final = 500
_Key = tuple[str, str, str]


def list_scope(work: Work, resources: Iterable[Resource], largest: int | None) -> Resource:
    """Return one page of the resources of one scope."""
    found = [("", one) for one in resources]
    page, token = _page(work, found, largest)
    content = _head(work, [])
    if page:
        content["items"] = [one for _, one in page]
    if token is not None:
        content["nextPageToken"] = token
    return content


def list_aggregated(
    work: Work,
    noun: str,
    scopes: Mapping[str, Iterable[Resource]],
    largest: int | None,
    unreachable: Collection[str],
) -> Resource:
    """Return one page of the resources of all scopes; `noun` is the key of their lists.

    A scope that is unreachable is named in a warning where the caller wants partial success;
    otherwise it fails the list.
    """
    if unreachable and work.query.get(PARTIAL_SUCCESS, "false").lower() != "true":
        named = ", ".join(sorted(unreachable))
        raise refused(503, "backendError", f"The backends of {named} are unreachable.", front=True)
    found = [
        (scope, one)
        for scope, resources in scopes.items()
        if scope not in unreachable
        for one in resources
    ]
    page, token = _page(work, found, largest)
    items: dict[str, Resource] = {scope: {} for scope in scopes}
    for scope, one in page:
        items[scope].setdefault(noun, []).append(one)
    for scope, part in items.items():
        if scope in unreachable:
            part["warning"] = _unreachable_warning([scope])
        elif not part:
            part["warning"] = _warning(
                "NO_RESULTS_ON_PAGE",
                f"There are no results for scope '{scope}' on this page.",
                [scope],
            )
    content = _head(work, sorted(unreachable))
    content["items"] = items
    if token is not None:
        content["nextPageToken"] = token
    return content


def scopes_of(kinds: Collection[str]) -> list[str]:
    """Return the scopes of these kinds: `global`, `regions`, `zones`."""
    scopes = ["global"] if "global" in kinds else []
    scopes += [f"regions/{region}" for region in REGIONS] if "regions" in kinds else []
    return scopes + ([f"zones/{zone}" for zone in ZONES] if "zones" in kinds else [])


def region_in(scope: str) -> str:
    """Return the region of a scope, empty for the global one."""
    kind, _, name = scope.partition("/")
    return region_of(name) if kind == "zones" else name


def _head(work: Work, unreachable: list[str]) -> Resource:
    schema = api("compute.v1").schemas[str(work.method.response)]
    scope = "aggregated" if work.method.action == "aggregatedList" else work.scope
    path = f"projects/{work.project.name}/{scope}/{work.method.collection}"
    content: Resource = {
        "kind": schema["properties"]["kind"]["default"],
        "id": path,
        "selfLink": LINK + path,
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
    work: Work, found: list[tuple[str, Resource]], largest: int | None
) -> tuple[list[tuple[str, Resource]], str | None]:
    asked = _size(work)
    size = asked if largest is None else min(asked, largest)
    found = _filtered(work, found)
    order, backwards = _order(work)
    found.sort(key=order, reverse=backwards)
    mark = _position(work)
    if mark is not None:
        found = [one for one in found if (order(one) < mark if backwards else order(one) > mark)]
    page = found[:size]
    if len(found) <= size or not page:
        return page, None
    return page, _token(work, order(page[-1]))


def _filtered(work: Work, found: list[tuple[str, Resource]]) -> list[tuple[str, Resource]]:
    text = work.query.get("filter", "")
    if not text.strip():
        return found
    matches = read_filter(text)
    return [one for one in found if matches(one[1])]


def _size(work: Work) -> int:
    text = work.query.get("maxResults", str(_PAGE))
    size = int(text) if text.isdecimal() else -1
    if not 0 <= size <= _PAGE:
        raise invalid("maxResults", text, "Acceptable values are 0 to 500, inclusive.")
    return size or _PAGE


def _order(work: Work) -> tuple[Callable[[tuple[str, Resource]], _Key], bool]:
    text = work.query.get("orderBy", "name").strip()
    if text == "name":
        return lambda one: (one[0], one[1]["name"], ""), False
    if text == "creationTimestamp desc":
        return lambda one: (_made(one[1]), one[0], one[1]["name"]), True
    raise invalid("orderBy", text, "Only name and creationTimestamp desc are supported.")


def _made(resource: Resource) -> str:
    return str(resource.get("creationTimestamp") or resource.get("insertTime") or "")


def _position(work: Work) -> _Key | None:
    text = work.query.get("pageToken", "")
    if not text:
        return None
    try:
        asked, *position = json.loads(base64.urlsafe_b64decode(text.encode()))
        first, second, third = (str(one) for one in position)
    except (ValueError, TypeError) as error:
        raise invalid("pageToken", text, "The page token is invalid.") from error
    if asked != _asked(work):
        raise invalid("pageToken", text, "The page token belongs to another request.")
    return first, second, third


def _token(work: Work, position: _Key) -> str:
    return base64.urlsafe_b64encode(json.dumps([_asked(work), *position]).encode()).decode()


def _asked(work: Work) -> str:
    """Return what stays the same from page to page."""
    query = {name: work.query.get(name, "") for name in ("filter", "orderBy")}
    return json.dumps([work.method.id, work.project.name, work.scope, query])
