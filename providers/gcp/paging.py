"""Lists of Compute Engine, page by page, complete or told otherwise.

An empty list has no `items`, so that the `kind` of an answer says whether it is a list at all.
A list may come with a warning in place of what could not be reached
(https://cloud.google.com/compute/docs/reference/rest/v1/instances/aggregatedList): a part with
a warning is never taken for an empty one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from providers.gcp import fields
from providers.gcp.errors import odd_answer
from providers.gcp.links import ending, region_of
from skyclust.errors import SkyClustError, Unavailable
from skyclust.providerkit.answers import require_list, require_object
from skyclust.providerkit.paging import PageGuard

if TYPE_CHECKING:
    from providers.gcp.client import Answer, GcpClients

LARGEST_PAGE: Final = 500
"""The most that maxResults takes."""

NOUNS: Final = {
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
"""Of each collection, what the kinds of its lists begin with: `compute#instanceList`."""

# Warnings that take nothing away from a list; regions.list has the second one.
_HARMLESS: Final = frozenset({"NO_RESULTS_ON_PAGE", "QUOTA_INFO_UNAVAILABLE"})


@dataclass(frozen=True)
class AggregatedPage:
    """One page of a list of all places: what it holds by region, and which regions it lacks."""

    things: Sequence[tuple[str, Any]]
    unread: Mapping[str, SkyClustError] = field(default_factory=dict)


def pages(
    clients: GcpClients, path: str, doing: str, *, page_size: int | None = None, **query: str
) -> Iterator[Sequence[Any]]:
    """Yield the items of a list in one place, to the end, as they come: nobody has looked at them.

    Raises Unavailable when the list comes with the warning that something could not be reached,
    UnexpectedAnswer for what is no such list, and for one that never ends.
    """
    kind = f"{NOUNS[ending(path)]}List"
    guard = PageGuard(doing, "gcp")
    for answer in _answers(clients, path, doing, kind, page_size=page_size, query=query):
        if (said := _missing(answer)) is not None:
            raise Unavailable(
                f"Could not {doing}: {said}.", provider="gcp", code=_warning_code(answer)
            )
        items = _items(answer, "items", doing) if "items" in answer else []
        _check_progress(guard, answer, items)
        yield items


def things(clients: GcpClients, path: str, doing: str, **query: str) -> Iterator[Answer]:
    """Yield the resources of a list in one place, of all pages.

    Raises what `pages` raises, and UnexpectedAnswer for an item that is no object.
    """
    for page in pages(clients, path, doing, page_size=None, **query):
        for item in page:
            require_object(item, doing=doing, provider="gcp")
            yield item


def aggregated_pages(
    clients: GcpClients, collection: str, doing: str, *, page_size: int | None = None
) -> Iterator[AggregatedPage]:
    """Yield the items of all zones and regions at once, to the end, each with its region.

    Raises Unavailable when something could not be reached and Google does not tell where,
    UnexpectedAnswer for what is no such list, and for one that never ends.
    """
    # Without it one place that cannot be reached fails the list of all others.
    query = {"returnPartialSuccess": "true"}
    path = f"aggregated/{collection}"
    kind = f"{NOUNS[collection]}AggregatedList"
    guard = PageGuard(doing, "gcp")
    for answer in _answers(clients, path, doing, kind, page_size=page_size, query=query):
        page = to_aggregated_page(collection, answer, doing)
        _check_progress(guard, answer, [thing for _, thing in page.things])
        yield page


def to_aggregated_page(collection: str, answer: Answer, doing: str) -> AggregatedPage:
    """Return a page of an aggregated list, with the regions that it was to have and has not.

    An empty scope has a warning that says so; one with neither list nor warning was not read.
    """
    found: list[tuple[str, Any]] = []
    unread: dict[str, SkyClustError] = {}
    for scope, content in _scopes(answer, doing).items():
        region = region_of(ending(scope))
        try:
            for thing in _scoped(content, collection, doing, scope):
                found.append((region, thing))
        except SkyClustError as error:
            unread[region] = error
    for scope in fields.texts(answer, "unreachables"):
        region = region_of(ending(scope))
        unread.setdefault(region, _unreached(doing, scope, "it is unreachable", "UNREACHABLE"))
    if (said := _missing(answer)) is not None and not unread:
        raise _unreached(doing, "some place", said, _warning_code(answer))
    return AggregatedPage(found, unread)


def _scopes(answer: Answer, doing: str) -> Mapping[str, Any]:
    """Return what an aggregated list has by scope: it has all scopes, empty ones included."""
    scopes = require_object(answer.get("items"), doing=f"{doing} by scope", provider="gcp")
    if not scopes:
        raise odd_answer(doing, "it has no scope")
    return scopes


def _scoped(content: Any, collection: str, doing: str, scope: str) -> Iterator[Any]:
    """Yield the items of one scope; raises, after those that there are, when some are missing."""
    require_object(content, doing=f"{doing} in {scope}", provider="gcp")
    code = _warning_code(content)
    if collection in content or not code:
        yield from _items(content, collection, f"{doing} in {scope}")
    if (said := _missing(content)) is not None:
        raise _unreached(doing, scope, said, code)


def _items(content: Answer, key: str, doing: str) -> list[Any]:
    return require_list(content, key, doing=doing, provider="gcp")


def _answers(
    clients: GcpClients,
    path: str,
    doing: str,
    kind: str,
    *,
    page_size: int | None,
    query: Mapping[str, str],
) -> Iterator[Answer]:
    size = LARGEST_PAGE if page_size is None else min(max(page_size, 1), LARGEST_PAGE)
    asked: dict[str, str | int] = {"maxResults": size, **query}
    while True:
        answer = clients.read(path, doing, kind=kind, **asked)
        yield answer
        token = fields.text(answer, "nextPageToken")
        if token is None:
            return
        asked["pageToken"] = token


def _check_progress(guard: PageGuard, answer: Answer, items: Sequence[Any]) -> None:
    """Raise UnexpectedAnswer when the next page leads back, or pages bring nothing new."""
    token = fields.text(answer, "nextPageToken")
    if token is not None:
        links = (str(item.get("selfLink")) for item in items if isinstance(item, dict))
        guard.check(token, links)


def _missing(content: Answer) -> str | None:
    """Return what a warning says when it means that something is missing, else None."""
    code = _warning_code(content)
    if not code or code in _HARMLESS:
        return None
    said = fields.text(fields.part(content, "warning"), "message") or code
    return said.rstrip(". ")


def _warning_code(content: Answer) -> str:
    return fields.text(fields.part(content, "warning"), "code") or ""


def _unreached(doing: str, scope: str, said: str, code: str) -> Unavailable:
    return Unavailable(f"Could not {doing} in {scope}: {said}.", provider="gcp", code=code)
