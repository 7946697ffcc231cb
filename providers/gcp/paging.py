"""Paginated lists of Compute Engine, read to the end.

An empty list has no `items`, so the `kind` of a reply says whether it is a list at all. A list
may contain a warning in place of what could not be reached
(https://cloud.google.com/compute/docs/reference/rest/v1/instances/aggregatedList): a part of a
list that has such a warning is never treated as empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from providers.gcp import fields
from providers.gcp.errors import unreadable_reply
from providers.gcp.links import last_segment, region_of
from skyclust.errors import SkyClustError, Unavailable
from skyclust.providerkit.answers import require_list, require_object
from skyclust.providerkit.paging import PageGuard

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject

MAX_PAGE_SIZE: Final = 500
"""The largest value of `maxResults`."""

KINDS: Final = {
    "addresses": "address",
    "disks": "disk",
    "firewalls": "firewall",
    "forwardingRules": "forwardingRule",
    "images": "image",
    "instances": "instance",
    "machineTypes": "machineType",
    "networks": "network",
    "regions": "region",
    "snapshots": "snapshot",
    "subnetworks": "subnetwork",
}
"""By collection, the prefix of the `kind` of its lists: `compute#instanceList`."""

# Warnings that do not mean that items are missing; regions.list returns the second.
_HARMLESS_WARNINGS: Final = frozenset({"NO_RESULTS_ON_PAGE", "QUOTA_INFO_UNAVAILABLE"})


@dataclass(frozen=True)
class AggregatedPage:
    """One page of an aggregated list.

    `items` are pairs of a region and an item as the API returned it, which is not validated.
    `unread` has the regions that could not be read, each with its error.
    """

    items: Sequence[tuple[str, Any]]
    unread: Mapping[str, SkyClustError] = field(default_factory=dict)


def list_pages(
    clients: GcpClients, path: str, doing: str, *, page_size: int | None = None, **query: str
) -> Iterator[Sequence[Any]]:
    """Yield the pages of a list of one location; the items are not validated.

    Raises Unavailable when a page has a warning that something could not be reached, and
    UnexpectedAnswer for a reply that is not the expected list and for pages that do not end.
    """
    kind = f"{KINDS[last_segment(path)]}List"
    guard = PageGuard(doing, "gcp")
    for reply in _replies(clients, path, doing, kind, page_size=page_size, query=query):
        if (warning := _incomplete_warning(reply)) is not None:
            raise Unavailable(
                f"Could not {doing}: {warning}.", provider="gcp", code=_warning_code(reply)
            )
        items = _items(reply, "items", doing) if "items" in reply else []
        _check_progress(guard, reply, items)
        yield items


def list_all(clients: GcpClients, path: str, doing: str, **query: str) -> Iterator[JsonObject]:
    """Yield the resources of a list of one location, from all pages.

    Raises the errors of `list_pages`, and UnexpectedAnswer for an item that is not an object.
    """
    for page in list_pages(clients, path, doing, page_size=None, **query):
        for item in page:
            require_object(item, doing=doing, provider="gcp")
            yield item


def list_aggregated_pages(
    clients: GcpClients, collection: str, doing: str, *, page_size: int | None = None
) -> Iterator[AggregatedPage]:
    """Yield the pages of the list of all zones and regions, each item with its region.

    Raises Unavailable when something could not be reached and the reply does not name the
    location, and UnexpectedAnswer for a reply that is not the expected list and for pages that
    do not end.
    """
    # Without this parameter one unreachable location fails the whole list.
    query = {"returnPartialSuccess": "true"}
    path = f"aggregated/{collection}"
    kind = f"{KINDS[collection]}AggregatedList"
    guard = PageGuard(doing, "gcp")
    for reply in _replies(clients, path, doing, kind, page_size=page_size, query=query):
        page = to_aggregated_page(collection, reply, doing)
        _check_progress(guard, reply, [item for _, item in page.items])
        yield page


def to_aggregated_page(collection: str, reply: JsonObject, doing: str) -> AggregatedPage:
    """Return a page of an aggregated list, with the regions that could not be read.

    An empty scope has a warning that it is empty; a scope with neither a list nor a warning was
    not read. Raises Unavailable when items are missing from an unknown location.
    """
    items: list[tuple[str, Any]] = []
    unread: dict[str, SkyClustError] = {}
    for scope, content in _scopes(reply, doing).items():
        region = region_of(last_segment(scope))
        try:
            for item in _scope_items(content, collection, doing, scope):
                items.append((region, item))
        except SkyClustError as error:
            unread[region] = error
    for scope in fields.texts(reply, "unreachables"):
        region = region_of(last_segment(scope))
        unread.setdefault(region, _unreachable(doing, scope, "it is unreachable", "UNREACHABLE"))
    if (warning := _incomplete_warning(reply)) is not None and not unread:
        raise _unreachable(doing, "an unknown location", warning, _warning_code(reply))
    return AggregatedPage(items, unread)


def _scopes(reply: JsonObject, doing: str) -> Mapping[str, Any]:
    """Return the scopes of an aggregated list, which has all of them, empty ones included."""
    scopes = require_object(reply.get("items"), doing=f"{doing} by scope", provider="gcp")
    if not scopes:
        raise unreadable_reply(doing, "it has no scope")
    return scopes


def _scope_items(content: Any, collection: str, doing: str, scope: str) -> Iterator[Any]:
    """Yield the items of one scope, then raise Unavailable when some of them are missing."""
    require_object(content, doing=f"{doing} in {scope}", provider="gcp")
    code = _warning_code(content)
    if collection in content or not code:
        yield from _items(content, collection, f"{doing} in {scope}")
    if (warning := _incomplete_warning(content)) is not None:
        raise _unreachable(doing, scope, warning, code)


def _items(content: JsonObject, key: str, doing: str) -> list[Any]:
    return require_list(content, key, doing=doing, provider="gcp")


def _replies(
    clients: GcpClients,
    path: str,
    doing: str,
    kind: str,
    *,
    page_size: int | None,
    query: Mapping[str, str],
) -> Iterator[JsonObject]:
    size = MAX_PAGE_SIZE if page_size is None else min(max(page_size, 1), MAX_PAGE_SIZE)
    parameters: dict[str, str | int] = {"maxResults": size, **query}
    while True:
        reply = clients.get(path, doing, kind=kind, **parameters)
        yield reply
        page_token = fields.text(reply, "nextPageToken")
        if page_token is None:
            return
        parameters["pageToken"] = page_token


def _check_progress(guard: PageGuard, reply: JsonObject, items: Sequence[Any]) -> None:
    """Raise UnexpectedAnswer when a page token repeats, or pages bring no new items."""
    page_token = fields.text(reply, "nextPageToken")
    if page_token is not None:
        links = (str(item.get("selfLink")) for item in items if isinstance(item, dict))
        guard.check(page_token, links)


def _incomplete_warning(content: JsonObject) -> str | None:
    """Return the message of a warning that items are missing, None without such a warning."""
    code = _warning_code(content)
    if not code or code in _HARMLESS_WARNINGS:
        return None
    message = fields.text(fields.inner(content, "warning"), "message") or code
    return message.rstrip(". ")


def _warning_code(content: JsonObject) -> str:
    return fields.text(fields.inner(content, "warning"), "code") or ""


def _unreachable(doing: str, scope: str, message: str, code: str) -> Unavailable:
    return Unavailable(f"Could not {doing} in {scope}: {message}.", provider="gcp", code=code)
