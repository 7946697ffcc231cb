"""Reading a list of OpenStack page by page, to its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from skyclust.errors import InvalidRequest, NotFound, Unavailable

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

LARGEST_PAGE: Final = 1000
"""What Nova, Cinder and Glance give at most by default (osapi_max_limit, api_limit_max)."""

Json = dict[str, Any]


def get_pages(
    clients: OpenStackClients,
    region: str,
    service: str,
    path: str,
    collection: str,
    *,
    doing: str,
    params: Json | None = None,
    page_size: int | None = None,
    first_unbounded: bool = False,
) -> Iterator[list[Json]]:
    """Yield the things of a collection, page by page, to the end.

    A page is asked for by the id of the last thing before it: the links that services give for
    the next page may lead to an address that is not ours. A service may give fewer things than
    it is asked for; the list ends where it gives no link and less than asked. Neutron begins
    some of its lists anew when the thing that the id belongs to is gone by then: what was
    yielded before is left out. With `first_unbounded` the first page is asked for without a
    limit and has the service's own.
    """
    limit = LARGEST_PAGE if page_size is None else min(max(page_size, 1), LARGEST_PAGE)
    asked: Json = dict(params or {})
    if not first_unbounded:
        asked["limit"] = limit
    marker: str | None = None
    seen: set[str] = set()
    while True:
        answer = _page(
            clients, region, service, path, params={**asked, "marker": marker}, doing=doing
        )
        things = answer.get(collection)
        if not isinstance(things, list):
            raise Unavailable(
                f"Could not {doing}: the answer has no {collection}.", provider="openstack"
            )
        yield [thing for thing in things if str(thing["id"]) not in seen]
        seen.update(str(thing["id"]) for thing in things)
        following = _following(answer, collection, things, full=len(things) >= limit)
        if following is None:
            return
        if following == marker:
            raise Unavailable(
                f"Could not {doing}: the list stays at {marker}.", provider="openstack"
            )
        marker = following
        asked["limit"] = limit


def get_all(
    clients: OpenStackClients,
    region: str,
    service: str,
    path: str,
    collection: str,
    *,
    doing: str,
    params: Json | None = None,
) -> list[Json]:
    """Return the things of all pages of a collection."""
    pages = get_pages(clients, region, service, path, collection, doing=doing, params=params)
    return [thing for page in pages for thing in page]


def _page(
    clients: OpenStackClients, region: str, service: str, path: str, *, params: Json, doing: str
) -> Json:
    given = {name: value for name, value in params.items() if value is not None}
    try:
        answer = clients.call(region, service, "GET", path, doing=doing, params=given)
    except (InvalidRequest, NotFound) as error:
        if "marker" in given and str(given["marker"]) in error.message:
            # What stood last on the page before is gone since: the list begins anew.
            raise Unavailable(
                f"Could not {doing}: the list changed while it was read.",
                hint="Read it again.",
                provider="openstack",
                code=error.code,
            ) from error
        raise
    return answer if isinstance(answer, dict) else {}


def _following(answer: Json, collection: str, things: list[Json], *, full: bool) -> str | None:
    """Return the marker of the next page, None at the end."""
    if not things:
        return None
    links = answer.get(f"{collection}_links") or ()
    link = next((one["href"] for one in links if one.get("rel") == "next"), answer.get("next"))
    if link is None:
        return str(things[-1]["id"]) if full else None
    told = parse_qs(urlsplit(str(link)).query).get("marker")
    return told[0] if told else str(things[-1]["id"])
